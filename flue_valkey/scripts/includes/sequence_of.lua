-- A submission's number and its session's key; a third value refuses a row that lacks either.
-- @include is_whole
local function sequence_of(submission)
  local row = redis.call("HMGET", submission, "sequence", "sessionKey")
  if not is_whole(row[1]) or not row[2] then
    return nil, nil, {"corrupt", submission, "its sequence or sessionKey cannot be read"}
  end
  return row[1], row[2]
end
