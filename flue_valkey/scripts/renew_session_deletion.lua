-- Renews the owner's lease of a deletion marker.
--
-- KEYS     deletion
-- ARGV     owner_id lease_expires_at
-- RETURNS  {"renewed"} | {"taken_over"}
-- CHANGES  deletion
if redis.call("HGET", deletion, "ownerId") ~= owner_id then
  return {"taken_over"}
end
redis.call("HSET", deletion, "leaseExpiresAt", lease_expires_at)
return {"renewed"}
