-- Who took a deletion over from an owner.
--
-- KEYS     deletion_heir
-- RETURNS  {"heir", owner_id} | {"none"}
-- CHANGES  nothing
local heir = redis.call("GET", deletion_heir)
if heir then
  return {"heir", heir}
end
return {"none"}
