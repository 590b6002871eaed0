-- The fields of a session's generation from the entry `from` on, at least one entry, as many as the budget takes: each
-- costs its length and 500, of the time that it takes. They end before an entry that is missing.
-- @include is_whole
local function part_of_session(key, generation, from, budget)
  local part = {"part", generation, ""}
  local left = tonumber(budget)
  local function add(name)
    local text = redis.call("HGET", key, name)
    if text then
      part[#part + 1] = name
      part[#part + 1] = text
      left = left - #text - 500
    end
    return text
  end
  if tonumber(from) == 0 then
    add("session")
    add("entryCount")
  end
  local count = redis.call("HGET", key, "entryCount")
  for index = tonumber(from), is_whole(count) and tonumber(count) - 1 or -1 do
    if index > tonumber(from) and left <= 0 then
      part[3] = string.format("%.0f", index)
      break
    end
    if not add("entry:" .. index) then
      break
    end
  end
  return part
end
