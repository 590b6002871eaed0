-- Reads the events of a stream behind a sequence ("now": behind the last), at most `limit`, and no more once they are over
-- `budget` bytes.
--
-- KEYS     event event_entries
-- ARGV     after limit budget
-- RETURNS  {"no_stream"} | {"read", after, next sequence, closed, {text, ...}}
-- CHANGES  nothing
-- @include is_whole
if redis.call("EXISTS", event) == 0 then
  return {"no_stream"}
end
local row = redis.call("HMGET", event, "nextOffset", "closed")
if not is_whole(row[1]) then
  return {"corrupt", event, "its nextOffset cannot be read"}
end
local next_sequence = tonumber(row[1])
local first = after == "now" and next_sequence or tonumber(after) + 1
local texts, left = {}, tonumber(budget)
for sequence = first, math.min(first + tonumber(limit), next_sequence) - 1 do
  local text = redis.call("HGET", event_entries, string.format("%.0f", sequence))
  texts[#texts + 1] = text
  left = left - (text and #text or 0)
  if left <= 0 then
    break
  end
end
return {"read", after == "now" and string.format("%.0f", next_sequence - 1) or after, row[1], row[2], texts}
