-- Lists the terminalizing submissions in admission order.
--
-- KEYS     terminalizing
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{id, row}, ...}, {id, ...}}; a row that is no hash is the name of its type
--          The further ids are of rows that name another status than the index.
-- CHANGES  index entries without a row go
-- @include submissions_of_status
local found, misplaced = submissions_of_status(prefix, "terminalizing")
return {#found > 0 and "some" or "none", found, misplaced}
