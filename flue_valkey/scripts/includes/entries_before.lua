-- How many entries of an index come before a position: those of a lower score, and of the same one those whose member
-- comes before.
-- @include comes_before
local function entries_before(index, score, member)
  local from = redis.call("ZCOUNT", index, "-inf", "(" .. score)
  local to = from + redis.call("ZCOUNT", index, score, score)
  while from < to do
    local middle = math.floor((from + to) / 2)
    if comes_before(redis.call("ZRANGE", index, middle, middle)[1], member) then
      from = middle + 1
    else
      to = middle
    end
  end
  return from
end
