-- The refusal of an attempt that may not change the journal, else nil and the revision that its change makes.
-- @include is_whole
local function open_journal(journal, attempt_id)
  local row = redis.call("HMGET", journal, "attemptId", "committed", "revision")
  if row[1] ~= attempt_id then
    return {redis.call("EXISTS", journal) == 0 and "unknown" or "other_attempt"}
  end
  if row[2] ~= "0" then
    return {"committed_before"}
  end
  if not is_whole(row[3]) then
    return {"corrupt", journal, "its revision cannot be read"}
  end
  return nil, string.format("%.0f", tonumber(row[3]) + 1)
end
