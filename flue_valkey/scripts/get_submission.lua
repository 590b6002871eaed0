-- Reads a submission.
--
-- KEYS     submission
-- ARGV     prefix submission_id
-- RETURNS  {"unknown"} | {"found", row, payload as hash_or_type gives it}
-- CHANGES  nothing
-- @include payload_of
if redis.call("EXISTS", submission) == 0 then
  return {"unknown"}
end
local generation = redis.call("HGET", submission, "generation")
return {"found", redis.call("HGETALL", submission), payload_of(prefix, submission_id, generation)}
