-- Takes the owner's deletion marker away.
--
-- KEYS     deletion deletions
-- ARGV     session_key owner_id
-- RETURNS  {"abandoned"} | {"taken_over"}
-- CHANGES  all of KEYS
if redis.call("HGET", deletion, "ownerId") ~= owner_id then
  return {"taken_over"}
end
redis.call("DEL", deletion)
redis.call("ZREM", deletions, session_key)
return {"abandoned"}
