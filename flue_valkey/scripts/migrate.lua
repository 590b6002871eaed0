-- Brings a namespace to schema version 3.
--
-- KEYS     meta
-- ARGV     version
-- RETURNS  {"migrated"} | {"current"} | {"unsupported", version}
-- CHANGES  meta
local stored = redis.call("HGET", meta, "schemaVersion")
if stored == version then
  return {"current"}
end
if stored and stored ~= "2" then
  return {"unsupported", stored}
end
redis.call("HSET", meta, "schemaVersion", version)
return {"migrated"}
