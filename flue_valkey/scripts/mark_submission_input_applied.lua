-- Records once that the input was applied, with the durability that holds from then on.
--
-- KEYS     submission
-- ARGV     attempt_id now max_retry timeout_at
-- RETURNS  {"applied"} | {"applied_before"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission
-- @include not_owned
local refused = not_owned(submission, attempt_id)
if refused then
  return refused
end
if redis.call("HEXISTS", submission, "inputAppliedAt") == 1 then
  return {"applied_before"}
end
redis.call("HSET", submission, "inputAppliedAt", now, "maxRetry", max_retry, "timeoutAt", timeout_at)
return {"applied"}
