-- May this attempt call through all of these breakers? asked: token, leaseMs, gapMs, scopes. The probe of every one that is open must
-- be free; then all of them are its. Answers: 1 and the scopes of which it now has the probe; or 0 and each open breaker, JSON, after
-- its scope.
local broken, refused = {}, false
for _, scope in ipairs(asked.scopes) do
  local b = load(scope)
  if b.open then
    if b.probe ~= asked.token and waits_until(b) > nowMs then refused = true end
    table.insert(broken, { scope, b })
  end
end
if refused then
  local answer = { 0 }
  for _, each in ipairs(broken) do
    table.insert(answer, each[1])
    table.insert(answer, cjson.encode(each[2]))
  end
  return answer
end
local taken = { 1 }
for _, each in ipairs(broken) do
  local scope, b = each[1], each[2]
  b.probe, b.probeUntilMs, b.nextProbeMs = asked.token, nowMs + asked.leaseMs, nowMs + asked.gapMs
  tell(scope, b)
  table.insert(taken, scope)
end
return taken
