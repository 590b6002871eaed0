-- The key of a submission's row.
-- @include base64url
local function submission_key(prefix, submission_id)
  return prefix .. ":submission:" .. base64url(submission_id)
end
