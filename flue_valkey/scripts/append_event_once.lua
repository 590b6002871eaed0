-- Appends an event under a key, once.
--
-- KEYS     event event_entries event_order event_keys
-- ARGV     key text
-- RETURNS  {"appended", sequence} | {"repeated", sequence} | {"conflict"} | {"not_found"} | {"closed"}
-- CHANGES  all of KEYS
-- @include append
local known = redis.call("HGET", event_keys, key)
if known then
  local sequence, known_text = known:match("^(%d+):(.*)$")
  if not sequence then
    return {"corrupt", event_keys, "the entry of the event's key cannot be read"}
  end
  if known_text ~= text then
    return {"conflict"}
  end
  return {"repeated", sequence}
end
local sequence, refused = append(event, event_entries, event_order, text)
if refused then
  return refused
end
redis.call("HSET", event_keys, key, sequence .. ":" .. text)
return {"appended", sequence}
