-- The submissions of a status in admission order, each as {id, row}, `row` as hash_or_type gives it; and the ids of those
-- whose row, which is the authority, names another status. An entry without a row is dropped; a row that cannot be read
-- stays in the list.
-- @include hash_or_type
-- @include submission_key
local function submissions_of_status(prefix, status)
  local found, misplaced = {}, {}
  local index = prefix .. ":submissions:status:" .. status
  for _, submission_id in ipairs(redis.call("ZRANGE", index, 0, -1)) do
    local key = submission_key(prefix, submission_id)
    local row = hash_or_type(key)
    if row == "none" then
      redis.call("ZREM", index, submission_id)
    elseif type(row) == "string" then
      found[#found + 1] = {submission_id, row}
    else
      local named = redis.call("HGET", key, "status")
      if named ~= status and (named == "queued" or named == "running" or named == "terminalizing" or named == "settled") then
        misplaced[#misplaced + 1] = submission_id
      else
        found[#found + 1] = {submission_id, row}
      end
    end
  end
  return found, misplaced
end
