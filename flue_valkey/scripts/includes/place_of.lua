-- A submission's number and the key of its session's queue; a third value refuses a row that has neither.
-- @include base64url
-- @include is_whole
-- @include wrong_type
local function place_of(prefix, submission)
  local row = redis.call("HMGET", submission, "sequence", "sessionKey")
  if not is_whole(row[1]) or not row[2] then
    return nil, nil, {"corrupt", submission, "its sequence or sessionKey cannot be read"}
  end
  local queue = prefix .. ":session-unsettled:" .. base64url(row[2])
  return row[1], queue, wrong_type(queue, "zset")
end
