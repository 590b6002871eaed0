-- Creates an event stream.
--
-- KEYS     event events
-- ARGV     path
-- RETURNS  {"created"} | {"kept"}
-- CHANGES  all of KEYS
-- A peer creates a stream by three commands, and may have been cut off between them: each is made up for.
local created = redis.call("HSETNX", event, "nextOffset", "0") == 1
redis.call("HSETNX", event, "closed", "0")
redis.call("SADD", events, path)
return {created and "created" or "kept"}
