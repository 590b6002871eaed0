-- The fields of a hash as a flat list; of any other key the name of its type ("none" where there is nothing).
local function hash_or_type(key)
  local actual = redis.call("TYPE", key).ok
  if actual == "hash" then
    return redis.call("HGETALL", key)
  end
  return actual
end
