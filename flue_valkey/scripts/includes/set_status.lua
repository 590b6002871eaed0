-- Writes a submission's status, with other fields and their values, into its row and puts it into the one index of that
-- status.
local function set_status(prefix, submission, submission_id, sequence, status, ...)
  for _, other in ipairs({"queued", "running", "terminalizing", "settled"}) do
    local index = prefix .. ":submissions:status:" .. other
    if other == status then
      redis.call("ZADD", index, sequence, submission_id)
    else
      redis.call("ZREM", index, submission_id)
    end
  end
  redis.call("HSET", submission, "status", status, ...)
end
