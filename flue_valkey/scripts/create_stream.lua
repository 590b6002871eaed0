-- Creates an event stream.
--
-- KEYS     event events
-- ARGV     path
-- RETURNS  {"created"} | {"kept"}
-- CHANGES  all of KEYS
if redis.call("EXISTS", event) == 1 then
  return {"kept"}
end
redis.call("HSET", event, "nextOffset", "0", "closed", "0")
redis.call("SADD", events, path)
return {"created"}
