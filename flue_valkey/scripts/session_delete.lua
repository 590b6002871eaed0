-- Forgets a session document; a generation that a reader holds stays until it is let go or an hour old.
--
-- KEYS     session session_generations session_readers
-- ARGV     prefix session_key now
-- RETURNS  {"deleted"} | {"unknown"}
-- CHANGES  all of KEYS, its generations
-- @include base64url
-- @include sweep_generations
local current = redis.call("HGET", session, "generation")
redis.call("DEL", session)
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
sweep_generations(base, session_generations, session_readers, nil, nil, now)
return {current and "deleted" or "unknown"}
