-- Reads the published generation of a session document.
--
-- KEYS     session
-- ARGV     prefix session_key
-- RETURNS  {"unknown"} | {"found", generation as hash_or_type gives it}
-- CHANGES  nothing
-- @include base64url
-- @include hash_or_type
local current = redis.call("HGET", session, "generation")
if not current then
  return {"unknown"}
end
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
return {"found", hash_or_type(base .. base64url(current))}
