-- The refusal of a key that is neither absent nor of the expected type, else nil.
local function wrong_type(key, expected)
  local actual = redis.call("TYPE", key).ok
  if actual ~= "none" and actual ~= expected then
    return {"wrong_type", key, expected, actual}
  end
end
