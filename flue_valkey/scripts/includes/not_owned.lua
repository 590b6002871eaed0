-- The refusal of an attempt that does not own the submission, else nil.
local function not_owned(submission, attempt_id)
  local row = redis.call("HMGET", submission, "status", "attemptId")
  if row[1] ~= "running" then
    return {redis.call("EXISTS", submission) == 0 and "unknown" or "not_running"}
  end
  if row[2] ~= attempt_id then
    return {"other_attempt"}
  end
end
