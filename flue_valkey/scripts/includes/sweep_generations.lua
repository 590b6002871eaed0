-- Removes generations that nobody needs: all but `current` that no reader holds and that are not younger than
-- `superseded_until` (nil: of any age), and those that were staged over an hour ago, whoever holds them.
-- @include base64url
local function sweep_generations(base, generations, readers, current, superseded_until, now)
  local staged = redis.call("ZRANGE", generations, 0, -1, "WITHSCORES")
  for at = 1, #staged, 2 do
    local generation, stamp = staged[at], tonumber(staged[at + 1])
    local held = (tonumber(redis.call("HGET", readers, generation) or "0") or 0) > 0
    local superseded = not superseded_until or stamp <= tonumber(superseded_until)
    if generation ~= current and (stamp < tonumber(now) - 3600000 or (superseded and not held)) then
      redis.call("UNLINK", base .. base64url(generation))
      redis.call("ZREM", generations, generation)
      redis.call("HDEL", readers, generation)
    end
  end
end
