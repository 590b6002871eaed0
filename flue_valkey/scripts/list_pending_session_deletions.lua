-- Lists the sessions that have a deletion marker, by (started_at, key), or a part of them: behind a position, which is the
-- instant `after_ms` (empty: from the start) and the key `after_key`, it looks at about `looks` entries of the index.
--
-- KEYS     deletions
-- ARGV     prefix looks after_ms after_key
-- RETURNS  {"last", {session_key, ...}} | {"more", {session_key, ...}, ms, key of the position to go on behind}
-- CHANGES  index entries without a marker go
-- @include base64url
-- @include cost_of_long
-- @include entries_before
-- A key and a zero byte is the next text behind the key.
local at = after_ms == "" and 0 or entries_before(deletions, after_ms, after_key .. "\0")
local found, left = {}, tonumber(looks)
repeat
  local entries = redis.call("ZRANGE", deletions, at, at + 24, "WITHSCORES")
  for position = 1, #entries, 2 do
    local session_key = entries[position]
    if redis.call("EXISTS", prefix .. ":deletion:" .. base64url(session_key)) == 1 then
      found[#found + 1] = session_key
      at = at + 1
    else
      redis.call("ZREM", deletions, session_key)
    end
    left = left - 1 - cost_of_long(session_key) / 10
    if left <= 0 then
      return {"more", found, entries[position + 1], session_key}
    end
  end
until #entries < 50
return {"last", found}
