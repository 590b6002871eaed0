-- Makes an owned direct submission terminalizing, with the event that will be its last.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id event_key event
-- RETURNS  {"reserved", values} | {"reserved_before", values}, of the row's fields that `rows.OUTBOX_FIELDS` names |
--          {"unknown"} | {"not_direct"} | {"not_running"} | {"other_attempt"} | {"other_terminal"}
-- CHANGES  submission, running, terminalizing
-- @include sequence_of
-- @include set_status
local function outbox_fields(row)
  return redis.call(
    "HMGET", row, "submissionId", "sessionKey", "status", "attemptId", "terminalKey", "terminalEvent", "terminalOffset")
end
local row = redis.call("HMGET", submission, "kind", "status", "attemptId", "terminalKey", "terminalEvent")
if row[1] ~= "direct" then
  return {redis.call("EXISTS", submission) == 0 and "unknown" or "not_direct"}
end
if row[2] ~= "running" and row[2] ~= "terminalizing" then
  return {"not_running"}
end
if row[3] ~= attempt_id then
  return {"other_attempt"}
end
if row[2] == "terminalizing" then
  if row[4] ~= event_key or row[5] ~= event then
    return {"other_terminal"}
  end
  return {"reserved_before", outbox_fields(submission)}
end
local sequence, _, corrupt = sequence_of(submission)
if corrupt then
  return corrupt
end
set_status(
  prefix, submission, submission_id, sequence, "terminalizing", "terminalKey", event_key, "terminalEvent", event)
return {"reserved", outbox_fields(submission)}
