-- Reads a run.
--
-- KEYS     run
-- RETURNS  {"found", row} | {"unknown"}
-- CHANGES  nothing
local row = redis.call("HGETALL", run)
if #row == 0 then
  return {"unknown"}
end
return {"found", row}
