-- Gives a queued head to an attempt.
--
-- KEYS     submission queued running terminalizing settled
-- ARGV     prefix submission_id attempt_id owner_id lease_expires_at now max_retry timeout_at
-- RETURNS  {"claimed", row, payload} | {"unknown"} | {"not_queued"} | {"blocked"}
-- CHANGES  submission, queued, running
-- @include is_whole
-- @include payload_of
-- @include place_of
-- @include session_head
-- @include set_status
local row = redis.call("HMGET", submission, "status", "attemptCount", "timeoutAt", "generation")
if row[1] ~= "queued" then
  return {redis.call("EXISTS", submission) == 0 and "unknown" or "not_queued"}
end
local sequence, queue, refused = place_of(prefix, submission)
if refused then
  return refused
end
if session_head(prefix, queue, submission_id) ~= submission_id then
  return {"blocked"}
end
if not is_whole(row[2]) then
  return {"corrupt", submission, "its attemptCount cannot be read"}
end
local payload = payload_of(prefix, submission, row[4])
if type(payload) == "string" then
  return {"corrupt", submission, "its payload is missing"}
end
set_status(prefix, submission, submission_id, sequence, "running",
  "attemptId", attempt_id, "ownerId", owner_id, "leaseExpiresAt", lease_expires_at, "startedAt", now,
  "attemptCount", string.format("%.0f", tonumber(row[2]) + 1), "maxRetry", max_retry)
if row[3] == "0" then
  redis.call("HSET", submission, "timeoutAt", timeout_at)
end
return {"claimed", redis.call("HGETALL", submission), payload}
