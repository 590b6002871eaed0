-- Publishes a new generation of a session document and removes the generations that nobody needs.
--
-- KEYS     session session_generation session_generations session_readers session_superseded
-- ARGV     prefix session_key generation now fields...
-- RETURNS  {"created"} | {"replaced"}
-- CHANGES  all of KEYS, older generations
-- @include base64url
-- @include hset_all
-- @include note_superseded
-- @include superseded_session
-- @include sweep_generations
local previous = redis.call("HGET", session, "generation")
local published = previous and redis.call("ZSCORE", session_generations, previous)
hset_all(session_generation, fields)
redis.call("HSET", session, "generation", generation)
redis.call("ZADD", session_generations, now, generation)
note_superseded(session_superseded, session_readers, previous)
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
local superseded = superseded_session(base, previous, published, session_superseded)
sweep_generations(base, session_generations, session_readers, generation, now, superseded)
return {previous and "replaced" or "created"}
