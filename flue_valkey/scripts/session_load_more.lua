-- Reads another part of a session document, unless another generation was published meanwhile.
--
-- KEYS     session
-- ARGV     prefix session_key generation at budget
-- RETURNS  {"superseded"} | {"part", generation, index of the next entry or "", fields and values in turn}
-- CHANGES  nothing
-- @include base64url
-- @include part_of_session
local key = prefix .. ":session-generation:" .. base64url(session_key) .. ":" .. base64url(generation)
if redis.call("HGET", session, "generation") ~= generation or redis.call("TYPE", key).ok ~= "hash" then
  return {"superseded"}
end
return part_of_session(key, generation, at, budget)
