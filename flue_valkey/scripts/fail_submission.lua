-- Settles an owned submission with an error.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id now error
-- RETURNS  {"settled"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission, running, settled, its session's queue
-- @include not_owned
-- @include settle
return not_owned(submission, attempt_id) or settle(prefix, submission, submission_id, now, error)
