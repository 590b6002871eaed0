-- Ends a submission: its last status, its time, and its place in the queue is free.
-- @include set_status
local function settle(prefix, submission, submission_id, sequence, queue, now)
  set_status(prefix, submission, submission_id, sequence, "settled")
  redis.call("ZREM", queue, submission_id)
  redis.call("HSET", submission, "settledAt", now)
end
