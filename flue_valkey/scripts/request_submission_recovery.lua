-- Stamps once that the submission should be recovered.
--
-- KEYS     submission
-- ARGV     attempt_id now
-- RETURNS  {"requested"} | {"requested_before"} | {"unknown"} | {"not_running"} | {"other_attempt"}
-- CHANGES  submission
-- @include not_owned
local refused = not_owned(submission, attempt_id)
if refused then
  return refused
end
local first = redis.call("HSETNX", submission, "recoveryRequestedAt", now) == 1
return {first and "requested" or "requested_before"}
