-- Records that an attempt was started; a marker that is there keeps its time.
--
-- KEYS     marker markers
-- ARGV     member now
-- RETURNS  {"inserted"} | {"kept"}
-- CHANGES  all of KEYS
local first = redis.call("HSETNX", marker, "createdAt", now) == 1
redis.call("SADD", markers, member)
return {first and "inserted" or "kept"}
