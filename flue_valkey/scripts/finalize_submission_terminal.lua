-- Settles a terminalizing submission whose last event was appended.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id event_key now
-- RETURNS  {"settled"} | {"no_offset"} | {"unknown"} | {"not_terminalizing"} | {"other_attempt"} | {"other_key"}
-- CHANGES  submission, terminalizing, settled, its session's queue
-- @include not_terminalizing
-- @include settle
local refused, recorded = not_terminalizing(submission, attempt_id, event_key)
if refused then
  return refused
end
if not recorded then
  return {"no_offset"}
end
return settle(prefix, submission, submission_id, now)
