-- Lists the sessions that have a deletion marker, by (started_at, key).
--
-- KEYS     deletions
-- ARGV     prefix
-- RETURNS  {"some" | "none", {session_key, ...}}
-- CHANGES  index entries without a marker go
-- @include base64url
local found = {}
for _, session_key in ipairs(redis.call("ZRANGE", deletions, 0, -1)) do
  if redis.call("EXISTS", prefix .. ":deletion:" .. base64url(session_key)) == 1 then
    found[#found + 1] = session_key
  else
    redis.call("ZREM", deletions, session_key)
  end
end
return {#found > 0 and "some" or "none", found}
