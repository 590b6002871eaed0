-- A submission's number and the key of its session's queue; a third value refuses a row that has neither.
-- @include base64url
-- @include sequence_of
-- @include wrong_type
local function place_of(prefix, submission)
  local sequence, session_key, refused = sequence_of(submission)
  if refused then
    return nil, nil, refused
  end
  local queue = prefix .. ":session-unsettled:" .. base64url(session_key)
  return sequence, queue, wrong_type(queue, "zset", "ZCARD")
end
