-- Notes for ten minutes that a generation was published once, if a reader holds it: it goes when it is let go.
local function note_superseded(noted, readers, generation)
  if generation and redis.call("HEXISTS", readers, generation) == 1 then
    redis.call("SADD", noted, generation)
    redis.call("EXPIRE", noted, "600")
  end
end
