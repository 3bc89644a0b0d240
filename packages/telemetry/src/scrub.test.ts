import { describe, expect, it } from 'vitest'
import { scrub, scrubberOf } from './scrub.ts'

describe('scrub', () => {
  it.each([
    ['an OpenAI key', 'Incorrect API key provided: sk-proj-abcDEF123456_xyz.', 'sk-proj-abcDEF123456_xyz'],
    ['an Anthropic key', 'x-api-key sk-ant-api03-AAAAbbbbCCCC', 'sk-ant-api03-AAAAbbbbCCCC'],
    ['one of ours', 'ready key sk-sy-0123456789abcdefABCDEF-_0123456789abcdef', 'sk-sy-0123456789'],
    ['a Google key', 'key=AIzaSyA1234567890abcdefghijklmnopqrstuv', 'AIzaSyA1234567890'],
    ['an AWS access key', 'AKIAIOSFODNN7EXAMPLE was refused', 'AKIAIOSFODNN7EXAMPLE'],
    ['a webhook secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8GKYqrTwjUPD8'],
    ['a bearer token', 'authorization: Bearer abc123.def/ghi=', 'abc123.def'],
    ['basic credentials', 'Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl', 'eyJzdWIiOiIxMjMifQ'],
    ['a password in a URL', 'connect redis://default:hunter2hunter2@10.0.0.1:6379/0', 'hunter2hunter2'],
    ['a key in a query', 'GET https://generativelanguage.example/v1/models?key=abcdef123&alt=sse', 'abcdef123'],
  ])('takes out %s', (_, text, secret) => {
    expect(scrub(text)).not.toContain(secret)
    expect(scrub(text)).toContain('[redacted]')
  })

  it.each([
    'Basic authentication is not supported',
    'a bearer of bad news: the task-force asked for risk-assessment',
    'http://127.0.0.1:8080/v1/jobs?after=job_01J&limit=20',
    'listening on http://localhost:8080, mail me @ noon',
  ])('leaves ordinary text alone: %s', (text) => {
    expect(scrub(text)).toBe(text)
  })

  it('keeps a line of JSON parseable', () => {
    const line = JSON.stringify({
      msg: 'key "sk-proj-abcDEF123456"\nBearer abc123def456\\',
      url: 'http://u:pw12345678@h/?key=1"2',
    })
    expect(scrub(JSON.stringify('a\nsk-0123456789\tAKIAIOSFODNN7EXAMPLE\u001bwhsec_0123456789'))).toBe(
      '"a\\n[redacted]\\t[redacted]\\u001b[redacted]"',
    )
    expect(JSON.parse(scrub(line))).toEqual({
      msg: 'key "[redacted]"\n[redacted]\\',
      url: expect.stringContaining('[redacted]@h'),
    })
  })

  it('is linear in hostile text', () => {
    const started = performance.now()
    for (const piece of ['//', 'sk-', 'Bearer ', 'eyJaaaaaaaaa.', '//a:', '&key='])
      scrub(piece.repeat(200_000 / piece.length))
    // Milliseconds when linear, minutes when not.
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('scrubberOf', () => {
  it('takes out live values whatever they look like, also as JSON writes them', () => {
    const clean = scrubberOf(['plain-value-1', 'with "quotes" (.*)', 'plain-value-1-and-more'])
    expect(clean('a plain-value-1 b plain-value-1-and-more c')).toBe('a [redacted] b [redacted] c')
    expect(clean(JSON.stringify({ key: 'with "quotes" (.*)' }))).toBe('{"key":"[redacted]"}')
  })

  it('ignores values that are too short to be secrets', () => {
    expect(scrubberOf(['none', ''])('none of this is secret')).toBe('none of this is secret')
  })
})
