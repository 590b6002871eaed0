-- Forgets a session document; a generation that a reader holds stays until it is let go or an hour old.
--
-- KEYS     session session_generations session_readers session_superseded
-- ARGV     prefix session_key now
-- RETURNS  {"deleted"} | {"unknown"}
-- CHANGES  all of KEYS, its generations
-- @include base64url
-- @include note_superseded
-- @include superseded_session
-- @include sweep_generations
local previous = redis.call("HGET", session, "generation")
local published = previous and redis.call("ZSCORE", session_generations, previous)
redis.call("DEL", session)
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
local superseded = superseded_session(base, previous, published, session_superseded)
-- All of them, because nothing tells later, without a published one, which of those that a reader holds came before it.
local listed = redis.call("ZRANGE", session_generations, 0, -1, "WITHSCORES")
for at = 1, #listed, 2 do
  if superseded(listed[at], tonumber(listed[at + 1])) then
    note_superseded(session_superseded, session_readers, listed[at])
  end
end
sweep_generations(base, session_generations, session_readers, nil, now, superseded)
return {previous and "deleted" or "unknown"}
