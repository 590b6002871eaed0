-- Lists the queued submissions that are the head of their session, in admission order.
--
-- KEYS     queued
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{id, row, payload}, ...}}; a row or payload that is no hash is the name of its type
-- CHANGES  index entries without a row go
-- @include base64url
-- @include field_of
-- @include payload_of
-- @include session_head
-- @include submissions_of_status
local found = {}
local seen = {}
for _, entry in ipairs(submissions_of_status(prefix, "queued")) do
  local submission_id, row = entry[1], entry[2]
  local session_key = field_of(row, "sessionKey")
  local head = submission_id
  if session_key then
    local queue = prefix .. ":session-unsettled:" .. base64url(session_key)
    if not seen[session_key] and redis.call("TYPE", queue).ok == "zset" then
      seen[session_key] = session_head(prefix, queue)
    end
    head = seen[session_key] or submission_id
  end
  if head == submission_id then
    found[#found + 1] = {submission_id, row, payload_of(prefix, submission_id, field_of(row, "generation"))}
  end
end
return {#found > 0 and "some" or "none", found}
