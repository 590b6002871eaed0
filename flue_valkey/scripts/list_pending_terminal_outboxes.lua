-- Lists the terminalizing submissions in admission order.
--
-- KEYS     terminalizing
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{id, row}, ...}}; a row that is no hash is the name of its type
-- CHANGES  index entries without a row go
-- @include submissions_of_status
local found = submissions_of_status(prefix, "terminalizing")
return {#found > 0 and "some" or "none", found}
