-- The refusal of a key that is neither absent nor of the expected type, else nil. `count` is the command that counts what a
-- key of that type holds: it fails on any other, and is cheaper than to ask for the type.
local function wrong_type(key, expected, count)
  local counted = redis.pcall(count, key)
  if type(counted) == "number" then
    return nil
  end
  local actual = redis.call("TYPE", key).ok
  if actual == expected then  -- it failed for another reason, such as that this user may not count
    return counted
  end
  return {"wrong_type", key, expected, actual}
end
