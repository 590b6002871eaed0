-- The payload of a submission's published generation, as hash_or_type gives it.
-- @include base64url
-- @include hash_or_type
local function payload_of(prefix, submission, generation)
  if not generation then
    return "none"
  end
  local id = submission:sub(#prefix + #":submission:" + 1)
  return hash_or_type(prefix .. ":submission-generation:" .. id .. ":" .. base64url(generation))
end
