-- Settles an owned submission with an error.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id now error
-- RETURNS  {"settled"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission, running, settled, its session's queue
-- @include not_owned
-- @include place_of
-- @include settle
local refused = not_owned(submission, attempt_id)
if refused then
  return refused
end
local sequence, queue, corrupt = place_of(prefix, submission)
if corrupt then
  return corrupt
end
settle(prefix, submission, submission_id, sequence, queue, now)
redis.call("HSET", submission, "error", error)
return {"settled"}
