-- Puts a running submission whose input was not applied back into its place in the queue.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id
-- RETURNS  {"requeued"} | {"input_applied"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission, queued, running
-- @include not_owned
-- @include sequence_of
-- @include set_status
local refused = not_owned(submission, attempt_id)
if refused then
  return refused
end
if redis.call("HEXISTS", submission, "inputAppliedAt") == 1 then
  return {"input_applied"}
end
local sequence, _, corrupt = sequence_of(submission)
if corrupt then
  return corrupt
end
set_status(prefix, submission, submission_id, sequence, "queued", "leaseExpiresAt", "0")
redis.call("HDEL", submission, "attemptId", "ownerId", "startedAt", "recoveryRequestedAt")
return {"requeued"}
