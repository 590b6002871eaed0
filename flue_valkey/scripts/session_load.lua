-- Reads the published generation of a session document, or the first part of a large one; nothing of one that the
-- caller knows.
--
-- KEYS     session
-- ARGV     prefix session_key known known_fields known_bytes budget
-- RETURNS  {"unknown"} | {"known"} | {"damaged", type of what stands there} |
--          {"part", generation, index of the next entry or "", fields and values in turn}
-- CHANGES  nothing
-- @include base64url
-- @include is_as_known
-- @include part_of_session
local generation = redis.call("HGET", session, "generation")
if not generation then
  return {"unknown"}
end
local key = prefix .. ":session-generation:" .. base64url(session_key) .. ":" .. base64url(generation)
if generation == known and is_as_known(key, known_fields, known_bytes) then
  return {"known"}
end
local actual = redis.call("TYPE", key).ok
if actual ~= "hash" then
  return {"damaged", actual}
end
return part_of_session(key, generation, "0", budget)
