-- Renews the lease of those submissions that are running and of this owner.
--
-- ARGV     prefix owner_id lease_expires_at submission_ids...
-- RETURNS  {"renewed"} | {"partly"} | {"none"}
-- CHANGES  their rows
-- @include submission_key
local renewed = 0
for _, submission_id in ipairs(submission_ids) do
  local row = submission_key(prefix, submission_id)
  if redis.call("TYPE", row).ok == "hash"
    and redis.call("HGET", row, "status") == "running"
    and redis.call("HGET", row, "ownerId") == owner_id
  then
    redis.call("HSET", row, "leaseExpiresAt", lease_expires_at)
    renewed = renewed + 1
  end
end
return {renewed == 0 and "none" or renewed == #submission_ids and "renewed" or "partly"}
