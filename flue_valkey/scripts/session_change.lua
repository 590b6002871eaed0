-- Publishes a new generation that differs from the published one in some fields: that one is renamed and changed, which
-- costs by the change. It is refused where the published one is not the one that the caller knows, or a reader holds it.
--
-- KEYS     session session_generation session_generations session_readers session_superseded
-- ARGV     prefix session_key generation now known known_fields known_bytes entries removed fields...
--          `removed` entries go, from the index `entries` on; `fields` are set
-- RETURNS  {"replaced"} | {"unknown"}
-- CHANGES  all of KEYS, older generations
-- @include base64url
-- @include hset_all
-- @include is_as_known
-- @include superseded_session
-- @include sweep_generations
local base = prefix .. ":session-generation:" .. base64url(session_key) .. ":"
local previous = base .. base64url(known)
if redis.call("HGET", session, "generation") ~= known
  or redis.call("HEXISTS", session_readers, known) == 1
  or not is_as_known(previous, known_fields, known_bytes) then
  return {"unknown"}
end
local published = redis.call("ZSCORE", session_generations, known)
redis.call("HSET", session, "generation", generation)  -- first, because a full server refuses this one
redis.call("RENAME", previous, session_generation)
for index = tonumber(entries), tonumber(entries) + tonumber(removed) - 1 do
  redis.call("HDEL", session_generation, "entry:" .. index)
end
hset_all(session_generation, fields)
redis.call("ZREM", session_generations, known)
redis.call("ZADD", session_generations, now, generation)
local superseded = superseded_session(base, known, published, session_superseded)
sweep_generations(base, session_generations, session_readers, generation, now, superseded)
return {"replaced"}
