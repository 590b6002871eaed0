-- Removes the generations of `generations` that nobody needs: those that were published once, which
-- `superseded(generation, stamp)` tells, and that no reader holds; and those that were staged over an hour ago, whoever
-- holds them. A generation that a peer is staging is neither.
-- @include base64url
local function sweep_generations(base, generations, readers, current, now, superseded)
  local readable = redis.call("TYPE", readers).ok == "hash"
  local staged = redis.call("TYPE", generations).ok == "zset" and redis.call("ZRANGE", generations, 0, -1, "WITHSCORES")
  for at = 1, #(staged or {}), 2 do
    local generation, stamp = staged[at], tonumber(staged[at + 1])
    local held = readable and (tonumber(redis.call("HGET", readers, generation) or "0") or 0) > 0
    local lapsed = stamp < tonumber(now) - 3600000
    if generation ~= current and (lapsed or (not held and superseded(generation, stamp))) then
      redis.call("UNLINK", base .. base64url(generation))
      redis.call("ZREM", generations, generation)
      if readable then
        redis.call("HDEL", readers, generation)
      end
    end
  end
end
