-- The refusal of an attempt or key under which the submission is not terminalizing, else nil and the recorded offset.
local function not_terminalizing(submission, attempt_id, event_key)
  local row = redis.call("HMGET", submission, "status", "attemptId", "terminalKey", "terminalOffset")
  if row[1] ~= "terminalizing" then
    return {redis.call("EXISTS", submission) == 0 and "unknown" or "not_terminalizing"}
  end
  if row[2] ~= attempt_id then
    return {"other_attempt"}
  end
  if row[3] ~= event_key then
    return {"other_key"}
  end
  return nil, row[4]
end
