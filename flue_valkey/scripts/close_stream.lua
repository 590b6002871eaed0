-- Closes a stream: it takes no more events.
--
-- KEYS     event
-- RETURNS  {"closed"} | {"closed_before"} | {"unknown"}
-- CHANGES  event
-- @include announce
if redis.call("EXISTS", event) == 0 then
  return {"unknown"}
end
if redis.call("HGET", event, "closed") == "1" then
  return {"closed_before"}
end
redis.call("HSET", event, "closed", "1")
announce(event)
return {"closed"}
