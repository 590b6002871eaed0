-- Writes a list of fields and values into a hash, in calls of a bounded number of arguments.
local function hset_all(key, fields)
  for at = 1, #fields, 4000 do
    redis.call("HSET", key, unpack(fields, at, math.min(at + 3999, #fields)))
  end
end
