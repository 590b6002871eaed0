-- Lists the attempt markers, in no order.
--
-- KEYS     markers
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{member, row}, ...}}; a row that is no hash is the name of its type
-- CHANGES  index entries without a row go
-- @include hash_or_type
local found = {}
for _, member in ipairs(redis.call("SMEMBERS", markers)) do
  local row = hash_or_type(prefix .. ":marker:" .. (member:gsub("%.", ":")))
  if row == "none" then
    redis.call("SREM", markers, member)
  else
    found[#found + 1] = {member, row}
  end
end
return {#found > 0 and "some" or "none", found}
