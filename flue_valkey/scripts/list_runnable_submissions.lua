-- Lists the queued submissions that are the head of their session, in admission order, or a part of them.
--
-- KEYS     queued
-- ARGV     prefix after budget
-- RETURNS  {"part", sequence to go on behind or "", {{id, row, payload}, ...}, {id, ...}}; a row or payload that is no hash is
--          the name of its type; the further ids are of rows that name another status than the index
-- CHANGES  index entries without a row go, in a session's queue those of settled ones too
-- @include base64url
-- @include cost_of_long
-- @include read_submission
-- @include session_head
-- @include visit_status
local found, heads = {}, {}
local function visit(submission_id, key, is_hash)
  local session_key = is_hash and redis.call("HGET", key, "sessionKey")
  local head, spent = submission_id, 0
  if session_key then
    if not heads[session_key] then
      local queue = prefix .. ":session-unsettled:" .. base64url(session_key)
      -- The first that is queued stands in for a queue that names nobody.
      local named = redis.call("TYPE", queue).ok == "zset" and session_head(prefix, queue, submission_id)
      heads[session_key] = named or submission_id
      spent = 15 + cost_of_long(session_key)
    end
    head = heads[session_key]
  end
  if head ~= submission_id then
    return spent
  end
  local record, spent_on_it = read_submission(prefix, submission_id, key, is_hash)
  found[#found + 1] = record
  return spent + spent_on_it
end
local behind, misplaced = visit_status(prefix, "queued", after, budget, visit)
return {"part", behind, found, misplaced}
