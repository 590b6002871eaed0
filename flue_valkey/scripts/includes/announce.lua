-- Tells who tails the stream, on a channel with the name of its key, that there is something to read.
--
-- It is a hint: a user who may not publish has appended all the same, so a refusal counts for nothing.
local function announce(event)
  redis.pcall("PUBLISH", event, "")
end
