-- Lists the running submissions in admission order.
--
-- KEYS     running
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is the name of its type
--          The further ids are of rows that name another status than the index.
-- CHANGES  index entries without a row go
-- @include field_of
-- @include payload_of
-- @include submissions_of_status
local found, misplaced = submissions_of_status(prefix, "running")
for _, entry in ipairs(found) do
  entry[3] = payload_of(prefix, entry[1], field_of(entry[2], "generation"))
end
return {#found > 0 and "some" or "none", found, misplaced}
