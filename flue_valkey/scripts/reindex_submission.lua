-- Puts a submission into the indexes that its row, which is the authority, names.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id
-- RETURNS  {"reindexed"} | {"unreadable"}
-- CHANGES  the indexes by status, its session's queue
-- @include place_of
-- @include set_status
local status = redis.call("HGET", submission, "status")
local sequence, queue, refused = place_of(prefix, submission)
if refused or not (status == "queued" or status == "running" or status == "terminalizing" or status == "settled") then
  return {"unreadable"}
end
set_status(prefix, submission, submission_id, sequence, status)
if status == "settled" then
  redis.call("ZREM", queue, submission_id)
else
  redis.call("ZADD", queue, sequence, submission_id)
end
return {"reindexed"}
