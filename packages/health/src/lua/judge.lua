-- How a probe ended that is no failure. asked: token, scopes, good (false: it says nothing). Answers pairs of what became of each
-- breaker ('closed' or 'noted') and the breaker, JSON, after its scope.
local answer = {}
for _, scope in ipairs(asked.scopes) do
  local b = load(scope)
  if b.open and b.probe == asked.token then
    take_probe_back(b)
    local became = 'noted'
    if asked.good then
      b.got = b.got + 1
      if b.got >= b.need then
        close(b)
        became = 'closed'
      end
    else
      b.nextProbeMs = 0
    end
    tell(scope, b)
    table.insert(answer, scope)
    table.insert(answer, became)
    table.insert(answer, cjson.encode(b))
  end
end
return answer
