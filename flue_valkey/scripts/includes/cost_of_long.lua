-- What it takes to make a key of a long id, in about microseconds; for one of usual length it is in the other estimates.
local function cost_of_long(id)
  return math.max(0, #id - 100) / 10
end
