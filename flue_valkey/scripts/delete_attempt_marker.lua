-- Forgets the marker of an attempt.
--
-- KEYS     marker markers
-- ARGV     member
-- RETURNS  {"deleted"} | {"unknown"}
-- CHANGES  all of KEYS
redis.call("SREM", markers, member)
return {redis.call("DEL", marker) == 1 and "deleted" or "unknown"}
