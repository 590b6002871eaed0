-- Reads the segments of a stream.
--
-- KEYS     stream_segments
-- RETURNS  {"some", fields} | {"none"}
-- CHANGES  nothing
local fields = redis.call("HGETALL", stream_segments)
if #fields == 0 then
  return {"none"}
end
return {"some", fields}
