-- Whether a session's generation is still what a process knows it to be. Published ones never change, so that a
-- difference is damage, and only what is cheap to compare is compared: the number of fields, and the length of the
-- first ones.
local function is_as_known(key, fields, bytes)
  if redis.call("TYPE", key).ok ~= "hash" or redis.call("HLEN", key) ~= tonumber(fields) then
    return false
  end
  local entries = redis.call("HGET", key, "entryCount")
  if entries ~= string.format("%.0f", tonumber(fields) - 2) then
    return false
  end
  local length = redis.call("HSTRLEN", key, "session")
  for index = 0, math.min(tonumber(entries), 16) - 1 do
    length = length + redis.call("HSTRLEN", key, "entry:" .. index)
  end
  return length == tonumber(bytes)
end
