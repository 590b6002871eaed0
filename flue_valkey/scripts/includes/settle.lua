-- Ends a submission, with an error or without: the reply to the operation that does so.
-- @include place_of
-- @include set_status
local function settle(prefix, submission, submission_id, now, error)
  local sequence, queue, refused = place_of(prefix, submission)
  if refused then
    return refused
  end
  if error then
    set_status(prefix, submission, submission_id, sequence, "settled", "settledAt", now, "error", error)
  else
    set_status(prefix, submission, submission_id, sequence, "settled", "settledAt", now)
    redis.call("HDEL", submission, "error")
  end
  redis.call("ZREM", queue, submission_id)
  return {"settled"}
end
