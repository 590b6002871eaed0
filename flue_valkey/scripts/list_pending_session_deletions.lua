-- Lists the sessions that have a deletion marker, by (started_at, key), or a part of them: behind a position, which is the
-- instant `after_ms` (empty: from the start) and the key `after_key`, it looks at `looks` entries of the index.
--
-- KEYS     deletions
-- ARGV     prefix looks after_ms after_key
-- RETURNS  {"last", {session_key, ...}} | {"more", {session_key, ...}, ms, key of the position to go on behind}
-- CHANGES  index entries without a marker go
-- @include base64url
-- @include entries_before
-- A key and a zero byte is the next text behind the key.
local at = after_ms == "" and 0 or entries_before(deletions, after_ms, after_key .. "\0")
local entries = redis.call("ZRANGE", deletions, at, at + tonumber(looks) - 1, "WITHSCORES")
local found = {}
for position = 1, #entries, 2 do
  local session_key = entries[position]
  if redis.call("EXISTS", prefix .. ":deletion:" .. base64url(session_key)) == 1 then
    found[#found + 1] = session_key
  else
    redis.call("ZREM", deletions, session_key)
  end
end
if #entries < 2 * tonumber(looks) then
  return {"last", found}
end
return {"more", found, entries[#entries], entries[#entries - 1]}
