-- Ends a run, or ends it again: everything as given now.
--
-- KEYS     run runs runs_active runs_completed runs_errored runs_statuses
-- ARGV     run_id status fields...
-- RETURNS  {"ended"} | {"ended_again"} | {"unknown"}
-- CHANGES  run, the indexes by status
if redis.call("EXISTS", run) == 0 then
  return {"unknown"}
end
local first = redis.call("HGET", run, "status") == "active"
local started_ms = redis.call("ZSCORE", runs, run_id)
for name, index in pairs({active = runs_active, completed = runs_completed, errored = runs_errored}) do
  if name ~= status then
    redis.call("ZREM", index, run_id)
  elseif started_ms then
    redis.call("ZADD", index, started_ms, run_id)
  end
end
redis.call("SADD", runs_statuses, status)
redis.call("HDEL", run, "result", "error")
redis.call("HSET", run, "status", status, unpack(fields))
return {first and "ended" or "ended_again"}
