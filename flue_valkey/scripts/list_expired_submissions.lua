-- Lists the running submissions whose lease has expired, in admission order.
--
-- KEYS     running
-- ARGV     prefix now
-- RETURNS  {"some" | "none", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is the name of its type
--          The further ids are of rows that name another status than the index.
-- CHANGES  index entries without a row go
-- @include field_of
-- @include is_whole
-- @include payload_of
-- @include submissions_of_status
local found = {}
local listed, misplaced = submissions_of_status(prefix, "running")
for _, entry in ipairs(listed) do
  local lease = field_of(entry[2], "leaseExpiresAt")
  if not is_whole(lease) or (tonumber(lease) > 0 and tonumber(lease) < tonumber(now)) then
    entry[3] = payload_of(prefix, entry[1], field_of(entry[2], "generation"))
    found[#found + 1] = entry
  end
end
return {#found > 0 and "some" or "none", found, misplaced}
