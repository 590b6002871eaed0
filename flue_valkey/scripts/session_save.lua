-- Publishes a new generation of a session document, of what was staged and the rest, and removes the generations that
-- nobody needs.
--
-- KEYS     session session_staged session_generation session_generations session_readers session_superseded
-- ARGV     prefix session_key generation now staged fields...
-- RETURNS  {"created"} | {"replaced"} | {"incomplete"}, if not as many fields are staged as were
-- CHANGES  all of KEYS, older generations
-- @include base64url
-- @include hset_all
-- @include note_superseded
-- @include superseded_session
-- @include sweep_generations
if redis.call("HLEN", session_staged) ~= tonumber(staged) then
  return {"incomplete"}
end
local previous = redis.call("HGET", session, "generation")
local published = previous and redis.call("ZSCORE", session_generations, previous)
redis.call("HSET", session, "generation", generation)  -- first, because a full server refuses this one
if staged ~= "0" then
  redis.call("RENAME", session_staged, session_generation)
  redis.call("PERSIST", session_generation)
end
hset_all(session_generation, fields)
redis.call("ZADD", session_generations, now, generation)
note_superseded(session_superseded, session_readers, previous)
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
local superseded = superseded_session(base, previous, published, session_superseded)
sweep_generations(base, session_generations, session_readers, generation, now, superseded)
return {previous and "replaced" or "created"}
