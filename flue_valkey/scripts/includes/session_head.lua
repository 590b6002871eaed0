-- The oldest submission in a session's queue whose row is not settled, or nil. Entries without such a row, which a
-- peer may have left, hold nobody up.
-- @include submission_key
local function session_head(prefix, queue)
  local at = 0
  while true do
    local submission_id = redis.call("ZRANGE", queue, at, at)[1]
    if not submission_id then
      return nil
    end
    local row = submission_key(prefix, submission_id)
    if redis.call("TYPE", row).ok == "hash" and redis.call("HGET", row, "status") ~= "settled" then
      return submission_id
    end
    at = at + 1
  end
end
