-- Removes the settled submissions of a session up to the marker's cutoff, about `limit` in one call; with the last
-- of them the marker goes, and a note for those who wait says that its owner succeeded.
--
-- KEYS     deletion deletions session_submissions session_unsettled submissions submissions_order queued running terminalizing settled journals stream_segment_keys deletion_done
-- ARGV     prefix session_key owner_id now limit kept
-- RETURNS  {"deleted"} | {"more", kept} | {"taken_over"}; `kept` counts the entries at the start that stay
-- CHANGES  all of KEYS, the submissions' own keys
-- @include base64url
-- @include cost_of_long
-- @include forget_submission
-- @include is_whole
local marker = redis.call("HMGET", deletion, "ownerId", "cutoff")
if marker[1] ~= owner_id then
  return {"taken_over"}
end
if not is_whole(marker[2]) then
  return {"corrupt", deletion, "its cutoff cannot be read"}
end
local ids = redis.call("ZRANGEBYSCORE", session_submissions, "-inf", marker[2], "LIMIT", kept, limit)
local forgotten, stays, left = {}, 0, tonumber(limit)
for _, submission_id in ipairs(ids) do
  local id = base64url(submission_id)
  local row_key = prefix .. ":submission:" .. id
  local is_hash = redis.call("TYPE", row_key).ok == "hash"
  local row = is_hash and redis.call("HMGET", row_key, "status", "kind", "acceptedAt") or {"settled"}
  if row[1] == "settled" then
    if row[2] == "dispatch" and row[3] then
      local receipt = prefix .. ":receipt:" .. id
      redis.call("DEL", receipt)
      redis.call("HSET", receipt, "acceptedAt", row[3])
    end
    forget_submission(prefix, id, now)
    forgotten[#forgotten + 1] = submission_id
  else
    stays = stays + 1
  end
  left = left - 1 - cost_of_long(submission_id) / 25
  if left <= 0 then
    break
  end
end
if #forgotten > 0 then
  for _, index in ipairs({
    submissions, submissions_order, queued, running, terminalizing, settled, session_submissions, session_unsettled,
  }) do
    redis.call("ZREM", index, unpack(forgotten))
  end
  redis.call("SREM", journals, unpack(forgotten))
end
if left <= 0 then
  return {"more", string.format("%.0f", tonumber(kept) + stays)}
end
redis.call("DEL", deletion)
redis.call("ZREM", deletions, session_key)
redis.call("SET", deletion_done, "1", "EX", "600")
return {"deleted"}
