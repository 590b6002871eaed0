-- Publishes a new generation of a session document and removes the generations that nobody needs.
--
-- KEYS     session session_generation session_generations session_readers
-- ARGV     prefix session_key generation now fields...
-- RETURNS  {"created"} | {"replaced"}
-- CHANGES  all of KEYS, older generations
-- @include base64url
-- @include hset_all
-- @include sweep_generations
local current = redis.call("HGET", session, "generation")
local published = current and redis.call("ZSCORE", session_generations, current)
hset_all(session_generation, fields)
redis.call("HSET", session, "generation", generation)
redis.call("ZADD", session_generations, now, generation)
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
sweep_generations(base, session_generations, session_readers, generation, published, now)
return {current and "replaced" or "created"}
