-- Whether any submission is queued, running or terminalizing.
--
-- KEYS     queued running terminalizing
-- ARGV     prefix
-- RETURNS  {"some"} | {"none"}
-- CHANGES  nothing
-- @include submission_key
for _, index in ipairs({queued, running, terminalizing}) do
  local at = 0
  while true do
    local submission_id = redis.call("ZRANGE", index, at, at)[1]
    if not submission_id then
      break
    end
    local row = submission_key(prefix, submission_id)
    if redis.call("TYPE", row).ok == "hash" and redis.call("HGET", row, "status") ~= "settled" then
      return {"some"}
    end
    at = at + 1
  end
end
return {"none"}
