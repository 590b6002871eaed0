-- Reads segments of a stream by their names, until they are over the budget.
--
-- KEYS     stream_segments
-- ARGV     budget names...
-- RETURNS  {"read", {text, ...}}; one that is missing is nil
-- CHANGES  nothing
-- @include named_texts
return {"read", named_texts(stream_segments, names, budget)}
