-- The oldest submission in a session's queue whose row is not settled, or nil. Entries before it that have no such row,
-- which a peer may have left, are dropped: the row is the authority. That of `unsettled` is known not to be settled.
-- @include submission_key
local function session_head(prefix, queue, unsettled)
  while true do
    local submission_id = redis.call("ZRANGE", queue, 0, 0)[1]
    if not submission_id or submission_id == unsettled then
      return submission_id
    end
    local row = submission_key(prefix, submission_id)
    if redis.call("TYPE", row).ok == "hash" and redis.call("HGET", row, "status") ~= "settled" then
      return submission_id
    end
    redis.call("ZREM", queue, submission_id)
  end
end
