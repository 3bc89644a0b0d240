-- asked: leaseMs, held (a list of scope and token).
for _, each in ipairs(asked.held) do
  local b = load(each.scope)
  if b.open and b.probe == each.token then
    b.probeUntilMs = nowMs + asked.leaseMs
    tell(each.scope, b)
  end
end
return 0
