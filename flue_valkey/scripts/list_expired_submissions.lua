-- Lists the running submissions whose lease has expired, in admission order, or a part of them.
--
-- KEYS     running
-- ARGV     prefix now after budget
-- RETURNS  {"part", sequence to go on behind or "", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is
--          the name of its type; the further ids are of rows that name another status than the index
-- CHANGES  index entries without a row go
-- @include is_whole
-- @include read_submission
-- @include visit_status
local found = {}
local behind, misplaced = visit_status(prefix, "running", after, budget, function(submission_id, key, is_hash)
  local lease = is_hash and redis.call("HGET", key, "leaseExpiresAt")
  if is_whole(lease) and (tonumber(lease) == 0 or tonumber(lease) >= tonumber(now)) then
    return 0
  end
  local record, spent = read_submission(prefix, submission_id, key, is_hash)
  found[#found + 1] = record
  return spent
end)
return {"part", behind, found, misplaced}
