-- Reads where a stream ends and whether it is closed.
--
-- KEYS     event
-- RETURNS  {"found", next sequence, closed} | {"unknown"}
-- CHANGES  nothing
local row = redis.call("HMGET", event, "nextOffset", "closed")
if redis.call("EXISTS", event) == 0 then
  return {"unknown"}
end
return {"found", row[1], row[2]}
