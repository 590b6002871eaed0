-- Stores a segment under an index that is free.
--
-- KEYS     stream_segments stream_segment_keys
-- ARGV     stream_key segment_index body
-- RETURNS  {"appended"} | {"taken"}
-- CHANGES  all of KEYS
if redis.call("HSETNX", stream_segments, segment_index, body) == 0 then
  return {"taken"}
end
redis.call("SADD", stream_segment_keys, stream_key)
return {"appended"}
