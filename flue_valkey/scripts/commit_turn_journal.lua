-- Commits a journal.
--
-- KEYS     journal
-- ARGV     attempt_id now committed_leaf_id
-- RETURNS  {"committed"} | {"unknown"} | {"other_attempt"} | {"committed_before"}
-- CHANGES  journal
-- @include open_journal
local refused, revision = open_journal(journal, attempt_id)
if refused then
  return refused
end
redis.call("HSET", journal,
  "phase", "committed", "committed", "1", "committedLeafId", committed_leaf_id, "revision", revision, "updatedAt", now)
return {"committed"}
