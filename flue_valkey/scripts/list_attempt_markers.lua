-- Lists the attempt markers, in no order, or a part of them.
--
-- KEYS     markers
-- ARGV     prefix cursor
-- RETURNS  {"part", cursor to go on with or "0", {{member, row}, ...}}; a row that is no hash is the name of its type
-- CHANGES  index entries without a row go
-- @include hash_or_type
local found = {}
local scanned = redis.call("SSCAN", markers, cursor, "COUNT", "250")
for _, member in ipairs(scanned[2]) do
  local row = hash_or_type(prefix .. ":marker:" .. (member:gsub("%.", ":")))
  if row == "none" then
    redis.call("SREM", markers, member)
  else
    found[#found + 1] = {member, row}
  end
end
return {"part", scanned[1], found}
