-- Whether an owner is still deleting a session, is known to have succeeded, or is gone.
--
-- KEYS     deletion deletion_done
-- ARGV     owner_id now
-- RETURNS  {"pending"} | {"succeeded"} | {"gone"}
-- CHANGES  nothing
-- @include is_whole
if redis.call("EXISTS", deletion_done) == 1 then
  return {"succeeded"}
end
local row = redis.call("HMGET", deletion, "ownerId", "leaseExpiresAt")
if row[1] == owner_id and is_whole(row[2]) and tonumber(row[2]) > tonumber(now) then
  return {"pending"}
end
return {"gone"}
