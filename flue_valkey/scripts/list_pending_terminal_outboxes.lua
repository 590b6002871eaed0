-- Lists the terminalizing submissions in admission order, or a part of them.
--
-- KEYS     terminalizing
-- ARGV     prefix after budget
-- RETURNS  {"part", sequence to go on behind or "", {{id, row}, ...}, {id, ...}}; a row that is no hash is the name of its
--          type; the further ids are of rows that name another status than the index
-- CHANGES  index entries without a row go
-- @include hash_or_type
-- @include visit_status
local found = {}
local behind, misplaced = visit_status(prefix, "terminalizing", after, budget, function(submission_id, key, is_hash)
  found[#found + 1] = {submission_id, hash_or_type(key)}
  return 20 + (is_hash and math.floor(redis.call("HSTRLEN", key, "terminalEvent") / 1000) or 0)
end)
return {"part", behind, found, misplaced}
