-- Takes a submission that cannot be read out of the way: settles it where its key is still a hash, and removes it from
-- the indexes of what is unsettled. Does nothing if the row is no longer as it was read (`seen`; empty for a key that
-- was no hash).
--
-- KEYS     submissions submissions_order queued running terminalizing settled
-- ARGV     prefix submission_id now error seen...
-- RETURNS  {"settled"} | {"removed"} | {"moved_on"}
-- CHANGES  its row, the indexes, its session's queue
-- @include base64url
-- @include hash_or_type
-- @include is_whole
-- @include set_status
-- @include submission_key
local key = submission_key(prefix, submission_id)
local row = hash_or_type(key)
if type(row) == "string" then
  if #seen > 0 then
    return {"moved_on"}
  end
  for _, index in ipairs({submissions, submissions_order, queued, running, terminalizing, settled}) do
    redis.call("ZREM", index, submission_id)
  end
  return {"removed"}
end
local values = {}
for at = 1, #row, 2 do
  values[row[at]] = row[at + 1]
end
for at = 1, #seen, 2 do
  if values[seen[at]] ~= seen[at + 1] then
    return {"moved_on"}
  end
end
if #row ~= #seen then
  return {"moved_on"}
end
local queue = values.sessionKey and prefix .. ":session-unsettled:" .. base64url(values.sessionKey)
if queue and redis.call("TYPE", queue).ok == "zset" then
  redis.call("ZREM", queue, submission_id)
end
local place = is_whole(values.sequence) and values.sequence or redis.call("ZSCORE", submissions, submission_id) or "0"
set_status(prefix, key, submission_id, place, "settled", "settledAt", now, "error", error)
return {"settled"}
