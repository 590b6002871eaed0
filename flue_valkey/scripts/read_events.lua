-- Reads the events of a stream behind a sequence ("now": behind the last).
--
-- KEYS     event event_entries
-- ARGV     after limit
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
local last = math.min(first + tonumber(limit), next_sequence) - 1
local texts = {}
if first <= last then
  local sequences = {}
  for sequence = first, last do
    sequences[#sequences + 1] = string.format("%.0f", sequence)
  end
  texts = redis.call("HMGET", event_entries, unpack(sequences))
end
return {"read", after == "now" and string.format("%.0f", next_sequence - 1) or after, row[1], row[2], texts}
