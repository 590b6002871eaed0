-- The texts of fields of a hash, from the first on until they are over the budget: each costs its length and 500, of the
-- time that it takes. One that is missing is false.
local function named_texts(key, names, budget)
  local texts, left = {}, tonumber(budget)
  for _, name in ipairs(names) do
    local text = redis.call("HGET", key, name)
    texts[#texts + 1] = text
    left = left - (text and #text or 0) - 500
    if left <= 0 then
      break
    end
  end
  return texts
end
