-- The payload of a submission's published generation, as hash_or_type gives it.
-- @include base64url
-- @include hash_or_type
local function payload_of(prefix, submission_id, generation)
  if not generation then
    return "none"
  end
  local id = base64url(submission_id)
  return hash_or_type(prefix .. ":submission-generation:" .. id .. ":" .. base64url(generation))
end
