-- May this attempt call through all of these breakers? asked: token, leaseMs, gapMs, scopes. The probe of every one that is open must
-- be free; then all of them are its. Answers: 0 and the scopes of which it now has the probe, or when to ask again, and the cause.
local broken, waitMs, cause = {}, 0, ''
for _, scope in ipairs(asked.scopes) do
  local b = load(scope)
  if b.open then
    local untilMs = waits_until(b)
    if b.probe ~= asked.token and untilMs > nowMs and untilMs > waitMs then waitMs, cause = untilMs, b.cause end
    table.insert(broken, { scope, b })
  end
end
if waitMs > 0 then return { waitMs, cause } end
local taken = { 0 }
for _, each in ipairs(broken) do
  local scope, b = each[1], each[2]
  b.probe, b.probeUntilMs, b.nextProbeMs = asked.token, nowMs + asked.leaseMs, nowMs + asked.gapMs
  tell(scope, b)
  table.insert(taken, scope)
end
return taken
