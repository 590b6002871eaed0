-- Tells which generations of a session were published before: the one that goes now, those noted when they went, and
-- those that are whole and no younger than it. A peer's, while it is staged, is not whole, or younger.
-- @include base64url
local function superseded_session(base, previous, published, noted)
  return function(generation, stamp)
    if generation == previous or redis.call("SISMEMBER", noted, generation) == 1 then
      return true
    end
    if not published or stamp > tonumber(published) then
      return false
    end
    local key = base .. base64url(generation)
    local entries = redis.call("TYPE", key).ok == "hash" and redis.call("HGET", key, "entryCount")
    return entries and redis.call("HLEN", key) == (tonumber(entries) or -2) + 2
  end
end
