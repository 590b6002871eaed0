-- Hands an owned submission, and an uncommitted journal of the attempt, to the next attempt.
--
-- KEYS     submission journal
-- ARGV     prefix attempt_id next_attempt_id now lease...
-- RETURNS  {"replaced", row, payload} | {"replaced_with_journal", row, payload} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission, journal
-- @include is_whole
-- @include not_owned
-- @include open_journal
-- @include payload_of
local refused = not_owned(submission, attempt_id)
if refused then
  return refused
end
local attempts = redis.call("HGET", submission, "attemptCount")
if not is_whole(attempts) then
  return {"corrupt", submission, "its attemptCount cannot be read"}
end
local settled, revision = open_journal(journal, attempt_id)
if settled and settled[1] == "corrupt" then
  return settled
end
if revision then
  redis.call("HSET", journal, "attemptId", next_attempt_id, "revision", revision, "updatedAt", now)
end
redis.call("HSET", submission,
  "attemptId", next_attempt_id, "startedAt", now,
  "attemptCount", string.format("%.0f", tonumber(attempts) + 1), unpack(lease))
redis.call("HDEL", submission, "recoveryRequestedAt")
local generation = redis.call("HGET", submission, "generation")
return {
  revision and "replaced_with_journal" or "replaced",
  redis.call("HGETALL", submission), payload_of(prefix, submission, generation),
}
