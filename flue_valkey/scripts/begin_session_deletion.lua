-- Writes a session's deletion marker, or takes over one whose lease has lapsed.
--
-- KEYS     deletion deletions session_unsettled sequence
-- ARGV     prefix session_key owner_id now lease_expires_at
-- RETURNS  {"owned"} | {"busy", submission_id} | {"waiting", owner_id}
-- CHANGES  deletion, deletions, a note for the owner that lapsed
-- @include base64url
-- @include is_whole
-- @include session_head
local head = session_head(prefix, session_unsettled)
if head then
  return {"busy", head}
end
local row = redis.call("HMGET", deletion, "ownerId", "leaseExpiresAt", "cutoff")
if row[1] and is_whole(row[2]) and tonumber(row[2]) > tonumber(now) then
  return {"waiting", row[1]}
end
local cutoff = is_whole(row[3]) and row[3] or redis.call("GET", sequence) or "0"
if not is_whole(cutoff) then
  return {"corrupt", sequence, "the admission counter cannot be read"}
end
if row[1] then
  -- The owner that lapsed, should it still live, finds here whom to wait for.
  redis.call("SET", prefix .. ":py:deletion-heir:" .. base64url(row[1]), owner_id, "EX", "600")
end
redis.call("HSET", deletion,
  "cutoff", cutoff, "startedAt", now, "ownerId", owner_id, "leaseExpiresAt", lease_expires_at, "phase", "snapshot")
redis.call("ZADD", deletions, now, session_key)
return {"owned"}
