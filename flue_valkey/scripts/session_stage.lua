-- Stages a part of a session document that is too large for one call; without its publication it goes in ten minutes.
--
-- KEYS     session_staged
-- ARGV     fields...
-- RETURNS  {"staged"}
-- CHANGES  session_staged
-- @include hset_all
hset_all(session_staged, fields)
redis.call("EXPIRE", session_staged, "600")
return {"staged"}
