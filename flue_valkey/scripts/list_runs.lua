-- Lists runs, newest first, behind a position: the instant `after_ms` (empty: from the start) and the id `after_id`. It looks
-- at about `looks` entries of the index and gives at most `limit` runs.
--
-- KEYS     runs
-- ARGV     prefix status workflow_name limit looks after_ms after_id
-- RETURNS  {"last", {{id, values}, ...}} | {"more", {{id, values}, ...}, ms, id of the position to go on behind}; `values` are
--          the fields of a run pointer, or the name of the type of a row that is no hash
-- CHANGES  nothing
-- @include base64url
-- @include cost_of_long
-- @include entries_before
-- @include wrong_type
local indexes = {}
if status ~= "" then
  indexes[#indexes + 1] = prefix .. ":runs:status:" .. status
end
if workflow_name ~= "" then
  indexes[#indexes + 1] = prefix .. ":runs-workflow:" .. base64url(workflow_name)
end
for _, key in ipairs(indexes) do
  local refused = wrong_type(key, "zset", "ZCARD")
  if refused then
    return refused
  end
end
local index, filter = indexes[1] or runs, indexes[2]
if filter and redis.call("ZCARD", filter) < redis.call("ZCARD", index) then
  index, filter = filter, index
end
-- In descending order, what comes behind a position is what comes before it in ascending order.
local at = 0
if after_ms ~= "" then
  at = redis.call("ZCARD", index) - entries_before(index, after_ms, after_id)
end
local found, looked, left = {}, 0, tonumber(looks)
while true do
  local missing = tonumber(limit) - #found
  local members = redis.call("ZREVRANGE", index, at + looked, at + looked + missing - 1, "WITHSCORES")
  for position = 1, #members, 2 do
    local run_id = members[position]
    left = left - 1
    if not filter or redis.call("ZSCORE", filter, run_id) then
      local row = prefix .. ":run:" .. base64url(run_id)
      local actual = redis.call("TYPE", row).ok
      local values = actual
      if actual == "hash" then
        values = redis.call("HMGET", row,
          "runId", "workflowName", "status", "startedAt", "endedAt", "isError", "durationMs")
      end
      found[#found + 1] = {run_id, values}
      left = left - cost_of_long(run_id) / 2
    end
    if left <= 0 or #found == tonumber(limit) then
      return {"more", found, members[position + 1], run_id}
    end
  end
  looked = looked + #members / 2
  if #members < 2 * missing then
    return {"last", found}
  end
end
