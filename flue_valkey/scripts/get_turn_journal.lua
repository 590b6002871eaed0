-- Reads a journal.
--
-- KEYS     journal
-- RETURNS  {"found", row} | {"unknown"}
-- CHANGES  nothing
local row = redis.call("HGETALL", journal)
if #row == 0 then
  return {"unknown"}
end
return {"found", row}
