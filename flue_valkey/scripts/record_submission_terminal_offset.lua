-- Records the offset at which the last event was appended.
--
-- KEYS     submission
-- ARGV     attempt_id event_key offset
-- RETURNS  {"recorded"} | {"recorded_before"} | {"other_offset"} | {"unknown"} | {"not_terminalizing"} | {"other_attempt"} | {"other_key"}
-- CHANGES  submission
-- @include not_terminalizing
local refused, recorded = not_terminalizing(submission, attempt_id, event_key)
if refused then
  return refused
end
if recorded then
  return {recorded == offset and "recorded_before" or "other_offset"}
end
redis.call("HSET", submission, "terminalOffset", offset)
return {"recorded"}
