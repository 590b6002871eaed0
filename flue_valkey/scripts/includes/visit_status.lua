-- Visits the submissions of a status in admission order, those behind the sequence `after`, as far as the budget (about
-- microseconds) reaches: `visit(id, key, is_hash)` gives what it spent. An entry without a row is dropped. Gives the
-- sequence to go on behind, "" at the end, and the ids whose row, which is the authority, names another status.
-- @include cost_of_long
-- @include submission_key
local function visit_status(prefix, status, after, budget, visit)
  local index, left, misplaced = prefix .. ":submissions:status:" .. status, tonumber(budget), {}
  repeat
    local listed = redis.call("ZRANGEBYSCORE", index, "(" .. after, "+inf", "WITHSCORES", "LIMIT", "0", "100")
    for at = 1, #listed, 2 do
      local submission_id = listed[at]
      local key = submission_key(prefix, submission_id)
      local actual = redis.call("TYPE", key).ok
      local named = actual == "hash" and redis.call("HGET", key, "status")
      after = listed[at + 1]
      if actual == "none" then
        redis.call("ZREM", index, submission_id)
      elseif named ~= status and (named == "queued" or named == "running" or named == "terminalizing" or named == "settled") then
        misplaced[#misplaced + 1] = submission_id
      else
        left = left - visit(submission_id, key, actual == "hash")
      end
      left = left - 10 - cost_of_long(submission_id)
      if left <= 0 and listed[at + 3] ~= after then  -- entries that a peer left may share a sequence
        return after, misplaced
      end
    end
  until #listed < 200
  return "", misplaced
end
