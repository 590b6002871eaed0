-- Forgets the segments of a stream.
--
-- KEYS     stream_segments stream_segment_keys
-- ARGV     stream_key
-- RETURNS  {"deleted"} | {"unknown"}
-- CHANGES  all of KEYS
redis.call("SREM", stream_segment_keys, stream_key)
return {redis.call("UNLINK", stream_segments) == 1 and "deleted" or "unknown"}
