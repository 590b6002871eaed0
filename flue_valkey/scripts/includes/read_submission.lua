-- A submission as {id, row, payload}, the last two as hash_or_type gives them, and what reading it spent of a budget.
-- @include hash_or_type
-- @include payload_of
local function read_submission(prefix, submission_id, key, is_hash)
  local generation = is_hash and redis.call("HGET", key, "generation")
  local payload = payload_of(prefix, key, generation)
  local bytes = 0
  for at = 2, type(payload) == "table" and #payload or 0, 2 do
    bytes = bytes + #payload[at]
  end
  return {submission_id, hash_or_type(key), payload}, 30 + math.floor(bytes / 1000)
end
