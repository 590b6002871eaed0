-- Appends an event to a stream.
--
-- KEYS     event event_entries event_order
-- ARGV     text
-- RETURNS  {"appended", sequence} | {"not_found"} | {"closed"}
-- CHANGES  all of KEYS
-- @include append
local sequence, refused = append(event, event_entries, event_order, text)
return refused or {"appended", sequence}
