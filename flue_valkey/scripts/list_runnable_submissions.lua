-- Lists the queued submissions that are the head of their session, in admission order.
--
-- KEYS     queued
-- ARGV     prefix
-- RETURNS  {"some" | "none", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is the name of its type
--          The further ids are of rows that name another status than the index.
-- CHANGES  index entries without a row go, in a session's queue those of settled ones too
-- @include base64url
-- @include field_of
-- @include payload_of
-- @include session_head
-- @include submissions_of_status
local found = {}
local heads = {}
local listed, misplaced = submissions_of_status(prefix, "queued")
for _, entry in ipairs(listed) do
  local submission_id, row = entry[1], entry[2]
  local session_key = field_of(row, "sessionKey")
  local head = submission_id
  if session_key then
    local queue = prefix .. ":session-unsettled:" .. base64url(session_key)
    if not heads[session_key] then
      -- The first that is queued stands in for a queue that names nobody.
      local named = redis.call("TYPE", queue).ok == "zset" and session_head(prefix, queue)
      heads[session_key] = named or submission_id
    end
    head = heads[session_key]
  end
  if head == submission_id then
    found[#found + 1] = {submission_id, row, payload_of(prefix, submission_id, field_of(row, "generation"))}
  end
end
return {#found > 0 and "some" or "none", found, misplaced}
