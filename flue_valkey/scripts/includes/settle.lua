-- Ends a submission, with an error or without: the reply to the operation that does so.
-- @include place_of
-- @include set_status
local function settle(prefix, submission, submission_id, now, error)
  local sequence, queue, refused = place_of(prefix, submission)
  if refused then
    return refused
  end
  set_status(prefix, submission, submission_id, sequence, "settled")
  redis.call("ZREM", queue, submission_id)
  redis.call("HSET", submission, "settledAt", now)
  if error then
    redis.call("HSET", submission, "error", error)
  else
    redis.call("HDEL", submission, "error")
  end
  return {"settled"}
end
