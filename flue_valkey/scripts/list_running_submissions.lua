-- Lists the running submissions in admission order, or a part of them.
--
-- KEYS     running
-- ARGV     prefix after budget
-- RETURNS  {"part", sequence to go on behind or "", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is
--          the name of its type; the further ids are of rows that name another status than the index
-- CHANGES  index entries without a row go
-- @include read_submission
-- @include visit_status
local found = {}
local behind, misplaced = visit_status(prefix, "running", after, budget, function(submission_id, key, is_hash)
  local record, spent = read_submission(prefix, submission_id, key, is_hash)
  found[#found + 1] = record
  return spent
end)
return {"part", behind, found, misplaced}
