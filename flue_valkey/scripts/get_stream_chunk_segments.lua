-- Reads the segments of a stream from the index `at` on, until they are over the budget: each costs its length and 500, of
-- the time that it takes.
--
-- KEYS     stream_segments
-- ARGV     at last budget
-- RETURNS  {"last", {text, ...}} | {"more", {text, ...}} | {"gaps", {name, ...}, {text, ...}}: where indexes are missing, the
--          names of all segments, and the texts of the first | {"replaced"}: the segment before `at` is no longer `last`
-- CHANGES  nothing
-- @include named_texts
local first = tonumber(at)
local function text_of(index)
  return redis.call("HGET", stream_segments, string.format("%.0f", index))
end
if first > 0 and text_of(first - 1) ~= last then
  return {"replaced"}
end
local texts, left = {}, tonumber(budget)
for index = first, redis.call("HLEN", stream_segments) - 1 do
  if left <= 0 then
    return {"more", texts}
  end
  local text = text_of(index)
  if not text then
    local names = redis.call("HKEYS", stream_segments)
    return {"gaps", names, named_texts(stream_segments, names, left)}
  end
  texts[#texts + 1] = text
  left = left - #text - 500
end
return {"last", texts}
