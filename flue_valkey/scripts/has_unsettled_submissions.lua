-- Whether any submission is queued, running or terminalizing; or that more is to be looked at, from the start.
--
-- KEYS     queued running terminalizing
-- ARGV     prefix budget
-- RETURNS  {"some"} | {"none"} | {"part"}
-- CHANGES  index entries without a row go
-- @include cost_of_long
-- @include submission_key
local left = tonumber(budget)
for _, index in ipairs({queued, running, terminalizing}) do
  local at = 0
  while true do
    local submission_id = redis.call("ZRANGE", index, at, at)[1]
    if not submission_id then
      break
    end
    local row = submission_key(prefix, submission_id)
    local actual = redis.call("TYPE", row).ok
    if actual == "hash" and redis.call("HGET", row, "status") ~= "settled" then
      return {"some"}
    end
    if actual ~= "none" then
      at = at + 1
    elseif left <= 0 then
      return {"part"}
    else
      redis.call("ZREM", index, submission_id)
      left = left - 10 - cost_of_long(submission_id)
    end
  end
end
return {"none"}
