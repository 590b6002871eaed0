-- Writes a submission's journal slot afresh.
--
-- KEYS     journal journals
-- ARGV     submission_id now fields...
-- RETURNS  {"begun"} | {"begun_again"}
-- CHANGES  journal, journals
local revision = redis.call("HGET", journal, "revision")
local again = redis.call("DEL", journal) == 1
redis.call("SADD", journals, submission_id)
redis.call("HSET", journal,
  "revision", string.format("%.0f", (tonumber(revision or "0") or 0) + 1),
  "createdAt", now, "updatedAt", now, "committed", "0", unpack(fields))
return {again and "begun_again" or "begun"}
