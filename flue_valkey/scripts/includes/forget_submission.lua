-- Removes a settled submission, given by its id in base64url, with its payload, its journal and its journal's segments, but
-- not from the indexes. What is of an unexpected type is removed all the same, so that nothing can stop a deletion halfway.
-- @include base64url
-- @include sweep_generations
local function forget_submission(prefix, id, now)
  local journal = prefix .. ":journal:" .. id
  if redis.call("TYPE", journal).ok == "hash" then
    local stream_key = redis.call("HGET", journal, "streamKey")
    if stream_key then
      redis.call("UNLINK", prefix .. ":stream-segments:" .. base64url(stream_key))
      redis.call("SREM", prefix .. ":stream-segment-keys", stream_key)
    end
  end
  redis.call("DEL", journal, prefix .. ":submission:" .. id)
  sweep_generations(
    prefix .. ":submission-generation:" .. id .. ":", prefix .. ":submission-generations:" .. id,
    prefix .. ":submission-readers:" .. id, nil, now, function()
      return true
    end
  )
end
