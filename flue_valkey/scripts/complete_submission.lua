-- Settles an owned submission without error.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id now
-- RETURNS  {"settled"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission, running, settled, its session's queue
-- @include not_owned
-- @include settle
return not_owned(submission, attempt_id) or settle(prefix, submission, submission_id, now)
