-- Appends an event to a stream and gives its sequence; a second value refuses a stream that takes none.
-- @include is_whole
-- @include announce
local function append(event, entries, order, text)
  local row = redis.call("HMGET", event, "nextOffset", "closed")
  if not row[1] and redis.call("EXISTS", event) == 0 then
    return nil, {"not_found"}
  end
  if row[2] == "1" then
    return nil, {"closed"}
  end
  if not is_whole(row[1]) then
    return nil, {"corrupt", event, "its nextOffset cannot be read"}
  end
  redis.call("HSET", entries, row[1], text)
  redis.call("ZADD", order, row[1], row[1])
  redis.call("HSET", event, "nextOffset", string.format("%.0f", tonumber(row[1]) + 1))
  announce(event)
  return row[1]
end
