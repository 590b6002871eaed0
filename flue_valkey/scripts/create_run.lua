-- Records an active run under a new id.
--
-- KEYS     run runs runs_active runs_workflow runs_statuses
-- ARGV     run_id started_ms fields...
-- RETURNS  {"created"} | {"kept"}
-- CHANGES  all of KEYS
if redis.call("EXISTS", run) == 1 then
  return {"kept"}
end
redis.call("HSET", run, "status", "active", unpack(fields))
for _, index in ipairs({runs, runs_active, runs_workflow}) do
  redis.call("ZADD", index, started_ms, run_id)
end
redis.call("SADD", runs_statuses, "active")
return {"created"}
