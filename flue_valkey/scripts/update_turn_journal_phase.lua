-- Stores a phase, and what else is given, in an uncommitted journal.
--
-- KEYS     journal
-- ARGV     attempt_id now fields...
-- RETURNS  {"updated"} | {"unknown"} | {"other_attempt"} | {"committed_before"}
-- CHANGES  journal
-- @include open_journal
local refused, revision = open_journal(journal, attempt_id)
if refused then
  return refused
end
redis.call("HSET", journal, "revision", revision, "updatedAt", now, unpack(fields))
return {"updated"}
