import type { ErrorClass } from '@switchyard/contract/error-class'
import { describe, expect, test } from 'vitest'
import { classifyError } from './classify-error.ts'
import { classifyStreamError } from './classify-stream-error.ts'
import type { ProviderKind } from './provider-kind.ts'
import { readErrorBody } from './read-error-body.ts'
import { scrubSecret } from './scrub-secret.ts'
import { supportsPrefill } from './supports-prefill.ts'

const error = (fields: object) => JSON.stringify({ error: fields })

describe('an HTTP error', () => {
  test.each<[ProviderKind, number, string, ErrorClass]>([
    // by status alone
    ['openai', 302, '', 'server'],
    ['openai', 400, '', 'invalid_request'],
    ['openai', 401, '', 'credential'],
    ['openai', 402, '', 'credential'],
    ['openai', 403, '', 'credential'],
    ['openai', 404, '', 'not_found'],
    ['openai', 405, '', 'invalid_request'],
    ['openai', 408, '', 'server'],
    ['openai', 409, '', 'server'],
    ['openai', 413, '', 'context_length'],
    ['openai', 422, '', 'invalid_request'],
    ['openai', 429, '', 'rate_limited'],
    ['openai', 499, '', 'server'],
    ['openai', 500, '', 'server'],
    ['openai', 502, '<html>', 'server'],
    ['openai', 503, '', 'overloaded'],
    ['openai', 504, '', 'server'],
    ['openai', 520, '', 'server'],
    ['anthropic', 529, '', 'overloaded'],
    // by name
    ['openai', 429, error({ code: 'insufficient_quota' }), 'credential'],
    ['openai', 400, error({ code: 'billing_hard_limit_reached' }), 'credential'],
    ['openai', 403, error({ code: 'model_not_found' }), 'not_found'],
    ['openai', 400, error({ code: 'model_not_found' }), 'not_found'],
    ['openai', 413, error({ type: 'tokens', code: 'rate_limit_exceeded' }), 'context_length'],
    ['openai', 500, error({ type: 'overloaded_error' }), 'overloaded'],
    ['openai', 500, error({ code: 'context_length_exceeded' }), 'server'],
    ['anthropic', 403, error({ type: 'permission_error' }), 'credential'],
    ['anthropic', 413, error({ type: 'request_too_large' }), 'context_length'],
    ['google', 400, error({ status: 'FAILED_PRECONDITION', message: 'User location is not supported' }), 'credential'],
    // by sentence, in the shapes of compatible servers
    [
      'openai',
      400,
      JSON.stringify({ object: 'error', message: "This model's maximum context length is 4096 tokens.", code: 400 }),
      'context_length',
    ],
    [
      'openai',
      400,
      error({
        code: 400,
        message: 'the request exceeds the available context size, try increasing it',
        type: 'exceed_context_size_error',
      }),
      'context_length',
    ],
    ['openai', 400, JSON.stringify({ error: 'model is not ready' }), 'invalid_request'],
    ['openai', 422, JSON.stringify({ detail: 'Input is too long' }), 'context_length'],
    [
      'anthropic',
      400,
      error({ message: 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000' }),
      'context_length',
    ],
    [
      'google',
      400,
      JSON.stringify([
        { error: { code: 400, message: 'API key expired. Please renew the API key.', status: 'INVALID_ARGUMENT' } },
      ]),
      'credential',
    ],
  ])('%s %i %s is %s', (kind, status, body, expected) => {
    expect(classifyError(kind, status, {}, body).class).toBe(expected)
  })

  test('has a sentence of ours, with names but never the provider’s text', () => {
    const body = error({
      message: 'You said: my secret prompt',
      type: 'invalid_request_error',
      code: 'weird code with my secret prompt',
    })
    const failure = classifyError('openai', 400, {}, body)
    expect(failure.message).toBe('the provider refused the request (400 invalid_request_error)')
    expect(failure.body?.message).toBe('You said: my secret prompt')
    expect(JSON.stringify(classifyError('openai', 500, {}, body))).not.toContain('secret')
  })

  test('keeps the caller’s mistake in OpenAI’s shape, and bounded', () => {
    const failure = classifyError(
      'anthropic',
      400,
      {},
      error({ type: 'invalid_request_error', message: 'x'.repeat(10_000) }),
    )
    expect(failure.body).toMatchObject({ type: 'invalid_request_error', param: null, code: null })
    expect(failure.body?.message).toHaveLength(4_096)
  })

  test('that repeats our credential loses it', () => {
    const failure = classifyError('openai', 400, {}, error({ message: 'bad key sk-1 and sk-1', param: 'sk-1' }))
    expect(JSON.stringify(scrubSecret(failure, 'sk-1'))).not.toContain('sk-1')
    expect(scrubSecret(failure, null)).toBe(failure)
  })
})

describe('an error in a stream', () => {
  const read = (fields: object) => readErrorBody(error(fields)) ?? expect.fail('not an error')
  test.each<[ProviderKind, object, ErrorClass]>([
    ['anthropic', { type: 'overloaded_error' }, 'overloaded'],
    ['anthropic', { type: 'api_error' }, 'broken_stream'],
    ['openai', { type: 'server_error' }, 'broken_stream'],
    ['openai', { code: 429, message: 'x' }, 'rate_limited'],
    ['openai', { code: 502, message: 'x' }, 'broken_stream'],
    ['openai', { code: 'context_length_exceeded' }, 'context_length'],
    ['google', { code: 503, status: 'UNAVAILABLE' }, 'overloaded'],
  ])('%s %j is %s before content, and a broken stream after it', (kind, fields, expected) => {
    expect(classifyStreamError(kind, read(fields), false).class).toBe(expected)
    expect(classifyStreamError(kind, read(fields), true).class).toBe('broken_stream')
  })
})

test.each([
  ['claude-3-haiku-20240307', true],
  ['claude-3-5-sonnet-latest', true],
  ['claude-opus-4-20250514', true],
  ['claude-sonnet-4-0', true],
  ['claude-opus-4-1-20250805', true],
  ['claude-haiku-4-5', true],
  ['claude-sonnet-4-6', false],
  ['claude-opus-4-7', false],
  ['claude-opus-5', false],
  ['claude-sonnet-5-5', false],
  ['a-model-of-tomorrow', false],
])('%s takes a prefill: %s', (model, able) => {
  expect(supportsPrefill('anthropic', model)).toBe(able)
  expect(supportsPrefill('openai', model)).toBe(false)
  expect(supportsPrefill('google', model)).toBe(false)
})
