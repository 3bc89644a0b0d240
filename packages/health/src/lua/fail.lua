-- asked: scope, cause, ok (successes that this process has not told yet), tookMs, retryAfterMs, token, idle, and a policy.
-- Answers: what became of it ('opened', 'reopened', or 'noted'), and the breaker.
local b = load(asked.scope)
age(b)
local became = 'noted'
if b.open then
  if b.probe ~= nil and b.probe == asked.token then
    take_probe_back(b)
    open(b, asked)
    became = 'reopened'
    tell(asked.scope, b)
  else
    -- Of calls that began before: the provider's wish counts, their number does not. Nor does it end sooner than it would have if a
    -- probe without tokens has just failed.
    local untilMs = nowMs + math.max(math.min(asked.retryAfterMs or 0, LONGEST_WISH_MS), asked.idle and b.lengthMs or 0)
    if untilMs > b.untilMs and (asked.retryAfterMs or asked.idle) then
      b.untilMs = untilMs
      tell(asked.scope, b)
    end
  end
elseif nowMs - (asked.tookMs or 0) >= b.changedAtMs then
  -- (A call from before it closed says nothing about now.)
  if asked.ok > 0 then succeed(b, asked.ok) end
  b.bad = b.bad + asked.weight
  b.streak = b.streak + asked.weight
  local most = b.bad >= asked.failures and b.bad >= b.ok
  if most or b.streak >= asked.failures then
    open(b, asked)
    became = 'opened'
    tell(asked.scope, b)
  else
    save(asked.scope, b)
  end
end
return { became, cjson.encode(b) }
