-- Removes a settled submission with its indexes, its payload, its journal and its journal's segments. What is of an
-- unexpected type is removed all the same, so that nothing can stop a deletion halfway.
-- @include base64url
-- @include sweep_generations
local function forget_submission(prefix, submission_id, session_key, now)
  local id = base64url(submission_id)
  local journal = prefix .. ":journal:" .. id
  if redis.call("TYPE", journal).ok == "hash" then
    local stream_key = redis.call("HGET", journal, "streamKey")
    if stream_key then
      redis.call("UNLINK", prefix .. ":stream-segments:" .. base64url(stream_key))
      redis.call("SREM", prefix .. ":stream-segment-keys", stream_key)
    end
  end
  redis.call("DEL", journal, prefix .. ":submission:" .. id)
  redis.call("SREM", prefix .. ":journals", submission_id)
  local session = base64url(session_key)
  for _, index in ipairs({
    "submissions", "submissions:order",
    "submissions:status:queued", "submissions:status:running",
    "submissions:status:terminalizing", "submissions:status:settled",
    "session-submissions:" .. session, "session-unsettled:" .. session,
  }) do
    redis.call("ZREM", prefix .. ":" .. index, submission_id)
  end
  sweep_generations(
    prefix .. ":submission-generation:" .. id .. ":", prefix .. ":submission-generations:" .. id,
    prefix .. ":submission-readers:" .. id, nil, now, function()
      return true
    end
  )
end
