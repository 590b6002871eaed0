-- Queues a submission under a new id.
--
-- KEYS     submission deletion receipt sequence submissions submissions_order queued session_submissions session_unsettled submission_generation submission_generations submission_readers
-- ARGV     prefix submission_id session_key kind accepted_at max_retry generation now fields...
-- RETURNS  {"created", sequence} | {"deleting"} | {"receipt", accepted_at} | {"known", row, payload}
-- CHANGES  submission, sequence and the indexes, submission_generation and what lists it
-- @include base64url
-- @include hset_all
-- @include is_whole
-- @include payload_of
-- @include sweep_generations
if redis.call("EXISTS", deletion) == 1 then
  return {"deleting"}
end
if redis.call("EXISTS", receipt) == 1 then
  return {"receipt", redis.call("HGET", receipt, "acceptedAt") or ""}
end
if redis.call("EXISTS", submission) == 1 then
  local published = redis.call("HGET", submission, "generation")
  return {"known", redis.call("HGETALL", submission), payload_of(prefix, submission, published)}
end
if not is_whole(redis.call("GET", sequence) or "0") then
  return {"corrupt", sequence, "the admission counter cannot be read"}
end
local place = string.format("%.0f", redis.call("INCR", sequence))
for _, index in ipairs({submissions, submissions_order, queued, session_submissions, session_unsettled}) do
  redis.call("ZADD", index, place, submission_id)
end
redis.call("HSET", submission,
  "submissionId", submission_id, "sessionKey", session_key, "kind", kind, "status", "queued",
  "acceptedAt", accepted_at, "sequence", place, "attemptCount", "0", "maxRetry", max_retry,
  "timeoutAt", "0", "leaseExpiresAt", "0", "generation", generation)
hset_all(submission_generation, fields)
redis.call("ZADD", submission_generations, now, generation)
if redis.call("ZCARD", submission_generations) > 1 then
  local base = prefix .. ":submission-generation:" .. base64url(submission_id) .. ":"
  sweep_generations(base, submission_generations, submission_readers, generation, now, function()
    return false
  end)
end
return {"created", place}
