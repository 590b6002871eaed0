-- Reads a submission.
--
-- KEYS     submission
-- ARGV     prefix
-- RETURNS  {"unknown"} | {"found", row, payload as hash_or_type gives it}
-- CHANGES  nothing
-- @include payload_of
local row = redis.call("HGETALL", submission)
if #row == 0 then
  return {"unknown"}
end
return {"found", row, payload_of(prefix, submission, redis.call("HGET", submission, "generation"))}
