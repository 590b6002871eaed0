-- Stamps once that the stream of an uncommitted journal was consumed.
--
-- KEYS     journal
-- ARGV     attempt_id now stream_key
-- RETURNS  {"consumed"} | {"consumed_before"} | {"other_stream"} | {"unknown"} | {"other_attempt"} | {"committed_before"}
-- CHANGES  journal
-- @include open_journal
local refused, revision = open_journal(journal, attempt_id)
if refused then
  return refused
end
if redis.call("HGET", journal, "streamKey") ~= stream_key then
  return {"other_stream"}
end
if redis.call("HEXISTS", journal, "streamConsumedAt") == 1 then
  return {"consumed_before"}
end
redis.call("HSET", journal, "streamConsumedAt", now, "revision", revision, "updatedAt", now)
return {"consumed"}
