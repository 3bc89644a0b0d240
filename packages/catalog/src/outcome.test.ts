import type { ErrorBody } from '@switchyard/contract/broker-error'
import { ERROR_CLASSES, type ErrorClass } from '@switchyard/contract/error-class'
import type { OnBreak, Route } from '@switchyard/contract/job'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideOutcome } from './outcome.ts'
import type { OutcomeInput, PastAttempt } from './outcome-input.ts'

const NOW = 1_000_000
const ROUTE = routeOf([['a', 'b'], ['c']])

function routeOf(hops: string[][]): Route {
  return {
    policy: 'ordered',
    hops: hops.map((ids, i) => ({ lane: `lane.${i}`, deployments: ids.map((id) => ({ id, drop: [] })) })),
    reasons: [],
  }
}

/** `a:server b:server`: the attempts so far, in the first hop unless the deployment is c. */
function past(text: string): PastAttempt[] {
  return text.split(' ').map((item) => {
    const [deployment, errorClass] = item.split(':') as [string, ErrorClass]
    return { deployment, hop: deployment === 'c' ? 1 : 0, errorClass, httpStatus: null }
  })
}

function inputFor(attempts: string, changes: Partial<OutcomeInput> = {}): OutcomeInput {
  const list = past(attempts)
  const last = list.at(-1)!
  return {
    failure: { class: last.errorClass!, message: 'it broke', status: 503 },
    attempts: list,
    route: ROUTE,
    hop: last.hop,
    deadlineMs: null,
    nowMs: NOW,
    stream: true,
    contentInLog: false,
    read: false,
    onBreak: 'fail',
    attended: true,
    outUntilMs: () => null,
    mayRepeat: () => true,
    regionOf: () => null,
    prefillPossible: () => false,
    windowOf: () => null,
    neededTokens: 100,
    random: () => 0,
    ...changes,
  }
}

/** `retry a`, `fall_back 1`, `defer 5000`, `end failed 502 provider_error`, and the breaker where there is one. */
function decide(attempts: string, changes: Partial<OutcomeInput> = {}): string {
  const outcome = decideOutcome(inputFor(attempts, changes))
  const breaker = outcome.breaker === null ? '' : ` | ${outcome.breaker}`
  switch (outcome.kind) {
    case 'retry':
      return `retry ${outcome.deployment}${breaker}`
    case 'fall_back':
      return `fall_back ${outcome.hop}${breaker}`
    case 'defer':
      return `defer ${outcome.untilMs - NOW}${breaker}`
    case 'end':
      return `end ${outcome.status} ${outcome.failure.status} ${outcome.failure.error.code}${breaker}`
  }
}

describe('a hop in several regions', () => {
  const regional: Partial<OutcomeInput> = {
    route: routeOf([['us1', 'us2', 'eu']]),
    regionOf: (name) => name.slice(0, 2),
  }
  const next = (attempts: string, changes: Partial<OutcomeInput> = {}) => decide(attempts, { ...regional, ...changes })

  test('is left for another region at once, before its neighbours', () => {
    expect(next('us1:server')).toBe('retry eu | deployment')
    expect(next('us1:overloaded')).toBe('retry eu | deployment')
    expect(next('eu:server')).toBe('retry us1 | deployment')
  })

  test('then its neighbours have their turn', () => {
    expect(next('us1:server eu:server')).toBe('retry us2 | deployment')
  })

  test('a refusal for its rate says nothing of the region', () => {
    expect(next('us1:rate_limited')).toBe('retry us2')
  })
})

describe('every row of the table, from the first failure to the last', () => {
  const rows: [string, string, string][] = [
    ['overloaded: once more here', 'a:overloaded', 'retry a | deployment'],
    ['then the other of the hop', 'a:overloaded a:overloaded', 'retry b | deployment'],
    ['which also gets a second try', 'a:overloaded a:overloaded b:overloaded', 'retry b | deployment'],
    ['then the next hop', 'a:overloaded a:server b:overloaded b:overloaded', 'fall_back 1 | deployment'],
    [
      'then the end',
      'a:overloaded a:overloaded b:overloaded b:overloaded c:overloaded c:overloaded',
      'end failed 502 provider_error | deployment',
    ],
    ['server: once more here', 'a:server', 'retry a | deployment'],
    ['server: the other', 'a:server a:server', 'retry b | deployment'],
    [
      'server: the end',
      'a:server a:server b:server b:server c:server c:server',
      'end failed 502 provider_error | deployment',
    ],
    ['rate_limited: the other now, sooner than any wait', 'a:rate_limited', 'retry b'],
    ['rate_limited: the next hop now', 'a:rate_limited b:rate_limited', 'fall_back 1'],
    ['rate_limited: nobody is left, wait', 'a:rate_limited b:rate_limited c:rate_limited', 'defer 5000'],
    ['credential: never here', 'a:credential', 'retry b | credential'],
    ['credential: the next hop', 'a:credential b:credential', 'fall_back 1 | credential'],
    ['credential: the end', 'a:credential b:credential c:credential', 'end failed 502 provider_error | credential'],
    ['not_found: never here', 'a:not_found', 'retry b | deployment'],
    ['not_found: the end', 'a:not_found b:not_found c:not_found', 'end failed 502 provider_error | deployment'],
    ['context_length: nobody is known to be larger', 'a:context_length', 'end failed 400 context_length_exceeded'],
    ['content_filter: no policy says so', 'a:content_filter', 'end failed 400 content_filter'],
    ['invalid_request: given back', 'a:invalid_request', 'end failed 400 invalid_request'],
    ['broken_stream: once more here', 'a:broken_stream', 'retry a | deployment'],
    ['broken_stream: the other', 'a:broken_stream a:broken_stream', 'retry b | deployment'],
    ['unhealthy: the other of the hop', 'a:unhealthy', 'retry b'],
    ['then the next hop, and its end', 'c:unhealthy', 'end failed 503 no_healthy_deployment'],
    ['cost_limit: the end', 'a:cost_limit', 'end failed 400 cost_limit_reached'],
    ['worker_lost: here', 'a:worker_lost', 'retry a'],
    ['worker_lost does not count against the deployment', 'a:worker_lost a:worker_lost', 'retry a'],
    ['nor against its second try', 'a:worker_lost a:server', 'retry a | deployment'],
    ['cancelled', 'a:cancelled', 'end cancelled 499 job_cancelled'],
    ['deadline', 'a:deadline', 'end expired 504 deadline_exceeded'],
  ]

  test.each(rows)('%s', (_name, attempts, expected) => {
    const status = /invalid_request|context_length|content_filter/.test(attempts) ? 400 : 503
    const errorClass = past(attempts).at(-1)!.errorClass!
    expect(decide(attempts, { failure: { class: errorClass, message: 'it broke', status } })).toBe(expected)
  })

  test('no class is forgotten', () => {
    expect(new Set(rows.map(([, attempts]) => past(attempts).at(-1)!.errorClass))).toEqual(new Set(ERROR_CLASSES))
  })
})

describe('on_break', () => {
  type Expected = 'keep' | 'empty' | 'mark' | 'prefill' | 'end'
  // First match counts; undefined matches both.
  const rules: [
    { stream?: boolean; content?: boolean; read?: boolean; onBreak?: OnBreak; prefill?: boolean },
    Expected,
  ][] = [
    [{ content: false }, 'keep'],
    [{ stream: false }, 'empty'],
    [{ read: false }, 'empty'],
    [{ onBreak: 'fail' }, 'end'],
    [{ onBreak: 'restart' }, 'mark'],
    [{ onBreak: 'continue', prefill: true }, 'prefill'],
    [{ onBreak: 'continue', prefill: false }, 'end'],
  ]
  const flags = [true, false]
  const cases = (
    ['overloaded', 'server', 'rate_limited', 'credential', 'not_found', 'broken_stream', 'worker_lost'] as const
  ).flatMap((errorClass) =>
    flags.flatMap((stream) =>
      flags.flatMap((content) =>
        flags.flatMap((read) =>
          (['fail', 'restart', 'continue'] as const).flatMap((onBreak) =>
            flags.map((prefill) => ({ errorClass, stream, content, read, onBreak, prefill })),
          ),
        ),
      ),
    ),
  )

  test.each(cases)('$errorClass stream $stream content $content read $read $onBreak prefill $prefill', (given) => {
    const expected = rules.find(([rule]) =>
      Object.entries(rule).every(([key, value]) => given[key as keyof typeof given] === value),
    )![1]
    const outcome = decideOutcome(
      inputFor(`a:${given.errorClass}`, {
        stream: given.stream,
        contentInLog: given.content,
        read: given.read,
        onBreak: given.onBreak,
        prefillPossible: () => given.prefill,
      }),
    )
    if (expected === 'end') {
      expect(outcome).toMatchObject({ kind: 'end', status: 'failed', incomplete: true })
      expect(outcome.kind === 'end' && outcome.failure).toMatchObject({
        status: 502,
        error: { code: 'stream_interrupted' },
      })
    } else {
      expect(outcome).toMatchObject({ kind: 'retry', log: expected })
    }
  })

  test('a fallback and a wait treat the log alike', () => {
    const shown = { contentInLog: true, read: true, onBreak: 'restart' as const }
    expect(decideOutcome(inputFor('a:not_found b:not_found', shown))).toMatchObject({ kind: 'fall_back', log: 'mark' })
    const waiting = inputFor('a:not_found b:not_found c:rate_limited', shown)
    expect(decideOutcome(waiting)).toMatchObject({ kind: 'defer', log: 'mark' })
    expect(decideOutcome({ ...waiting, onBreak: 'fail' })).toMatchObject({ kind: 'end', incomplete: true })
  })

  test('continue passes over deployments that take no prefill', () => {
    const input = inputFor('a:broken_stream', {
      contentInLog: true,
      read: true,
      onBreak: 'continue',
      prefillPossible: (deployment) => deployment === 'c',
    })
    expect(decideOutcome(input)).toMatchObject({ kind: 'fall_back', hop: 1, log: 'prefill' })
  })

  test.each(['cancelled', 'deadline'] as const)('%s after content keeps the text, marked incomplete', (errorClass) => {
    const outcome = decideOutcome(inputFor(`a:${errorClass}`, { contentInLog: true, read: true, onBreak: 'restart' }))
    expect(outcome).toMatchObject({ kind: 'end', incomplete: true })
  })

  test('a content filter in the middle is given back as it is', () => {
    const body: ErrorBody = { message: 'filtered', type: 'invalid_request_error', param: null, code: 'content_filter' }
    const failure = { class: 'content_filter' as const, message: 'filtered', status: 400, body }
    const outcome = decideOutcome(inputFor('a:content_filter', { failure, contentInLog: true, read: true }))
    expect(outcome).toMatchObject({ kind: 'end', failure: { status: 400, error: body }, incomplete: true })
  })
})

describe('time', () => {
  test.each([
    [0, 50],
    [0.5, 150],
    [0.999999, 250],
  ])('the second try waits 50 to 250 ms (random %d)', (random, delayMs) => {
    expect(decideOutcome(inputFor('a:server', { random: () => random }))).toMatchObject({ kind: 'retry', delayMs })
  })

  test('another deployment is asked at once', () => {
    expect(decideOutcome(inputFor('a:rate_limited'))).toMatchObject({ deployment: 'b', delayMs: 0 })
  })

  const limited = (
    retryAfterMs: number | undefined,
    changes: Partial<OutcomeInput> = {},
    attempts = 'c:rate_limited',
  ) =>
    decide(attempts, {
      failure: { class: 'rate_limited', message: 'slow down', status: 429, retryAfterMs },
      ...changes,
    })

  test('a wait is as long as the provider asks, 5 s when it does not say, at most 10 minutes', () => {
    const tried = 'a:rate_limited b:not_found c:rate_limited'
    expect(limited(1_234, {}, tried)).toBe('defer 1234')
    expect(limited(undefined, {}, tried)).toBe('defer 5000')
    expect(limited(3_600_000, {}, tried)).toBe('defer 600000')
    expect(limited(-5, {}, tried)).toBe('defer 0')
  })

  test('a provider that keeps refusing is asked less and less often', () => {
    const waits = Array.from({ length: 14 }, (_, i) =>
      limited(
        100,
        {},
        Array(i + 1)
          .fill('c:rate_limited')
          .join(' '),
      ),
    )
    expect(waits.slice(0, 6)).toEqual([
      'defer 100',
      'defer 100',
      'defer 2000',
      'defer 4000',
      'defer 8000',
      'defer 16000',
    ])
    expect(waits.at(-1)).toBe('defer 600000')
  })

  test('waits end: after 30 the job fails with what the provider said', () => {
    expect(limited(100, {}, Array(30).fill('c:rate_limited').join(' '))).toMatch(/^defer/)
    expect(limited(100, {}, Array(31).fill('c:rate_limited').join(' '))).toBe('end failed 429 rate_limit_exceeded')
  })

  test('a wait beyond the deadline is no wait', () => {
    expect(limited(5_000, { deadlineMs: NOW + 5_001 })).toBe('defer 5000')
    expect(limited(5_000, { deadlineMs: NOW + 5_000 })).toBe('end failed 429 rate_limit_exceeded')
  })

  test('a retry that would come after the deadline is not made; others still are', () => {
    expect(decide('a:server', { deadlineMs: NOW + 50 })).toBe('retry b | deployment')
    expect(decide('c:server', { deadlineMs: NOW + 50 })).toBe('end failed 502 provider_error | deployment')
  })

  test('past the deadline nothing is tried, but the caller still learns of a fault of its own', () => {
    expect(decide('a:server', { deadlineMs: NOW })).toBe('end expired 504 deadline_exceeded | deployment')
    expect(
      decide('a:invalid_request', {
        deadlineMs: NOW,
        failure: { class: 'invalid_request', message: 'no', status: 422 },
      }),
    ).toBe('end failed 422 invalid_request')
  })
})

describe('where a failure may go', () => {
  test('context_length: only to a window that is larger and large enough', () => {
    const windows: Record<string, number> = { a: 100, b: 200, c: 1_000 }
    const windowOf = (deployment: string) => windows[deployment] ?? null
    expect(decide('a:context_length', { windowOf, neededTokens: 150 })).toBe('retry b')
    expect(decide('a:context_length', { windowOf, neededTokens: 500 })).toBe('fall_back 1')
    expect(decide('c:context_length', { windowOf, neededTokens: 150 })).toMatch(/^end failed/)
    const sameSize = (deployment: string) => (deployment === 'b' ? null : 100)
    expect(decide('a:context_length', { windowOf: sameSize, neededTokens: 50 })).toMatch(/^end failed/)
  })

  test('content_filter: where the policy says so', () => {
    expect(decide('a:content_filter', { policyAllowsContentFilterFallback: true })).toBe('retry b')
  })

  test('never back to an earlier hop', () => {
    expect(decide('c:credential')).toBe('end failed 502 provider_error | credential')
  })
})

describe('what is known of health', () => {
  const out = (...names: string[]) => ({
    outUntilMs: (name: string) => (names.includes(name) ? NOW + 20_000 : null),
  })
  const patient = { attended: false }

  test.each<[string, string, Partial<OutcomeInput>, string]>([
    ['whose breaker has just opened is not asked again', 'a:server', out('a'), 'retry b | deployment'],
    [
      'nor is one that is out, here or later',
      'a:server',
      out('a', 'b', 'c'),
      'end failed 502 provider_error | deployment',
    ],
    ['the hop behind it is', 'a:server', out('a', 'b'), 'fall_back 1 | deployment'],
    ['one that is half-open may be called', 'a:not_found', { outUntilMs: () => NOW - 1 }, 'retry b | deployment'],
    [
      'over its retry budget: not again here',
      'a:server',
      { mayRepeat: (name) => name !== 'a' },
      'retry b | deployment',
    ],
    [
      'nobody within budget: the failure as it is',
      'a:server',
      { mayRepeat: () => false },
      'end failed 502 provider_error | deployment',
    ],
    ['beside another region: left at once', 'a:server', { regionOf: (name) => name }, 'retry b | deployment'],
    ['unless that one is out', 'a:server', { regionOf: (name) => name, ...out('b') }, 'retry a | deployment'],
    [
      'all out, somebody waits: when to come back',
      'c:unhealthy',
      out('a', 'c'),
      'end failed 503 no_healthy_deployment',
    ],
    [
      'all out, nobody waits: until the first is back',
      'c:unhealthy',
      { ...patient, ...out('a', 'b', 'c') },
      'defer 20000',
    ],
    [
      'though its own calls have failed',
      'a:server a:server b:server b:server c:server c:server',
      { ...patient, ...out('c') },
      'defer 20000 | deployment',
    ],
    [
      'nobody out yet: longer each time',
      'a:server a:server b:server b:server c:server c:server',
      patient,
      'defer 3000 | deployment',
    ],
    ['longer', 'a:server a:server b:server b:server c:server c:server c:server', patient, 'defer 9000 | deployment'],
    ['but not for ever', `${'a:server '.repeat(8)}c:server`, patient, 'end failed 502 provider_error | deployment'],
    [
      'except in an outage',
      `${'a:server '.repeat(8)}c:server`,
      { ...patient, ...out('a', 'b', 'c') },
      'defer 60000 | deployment',
    ],
    ['not for what nobody heals', 'c:credential', { ...patient, ...out('a', 'b') }, 'defer 20000 | credential'],
    [
      'not past its deadline',
      'c:unhealthy',
      { ...patient, ...out('a', 'b', 'c'), deadlineMs: NOW + 20_000 },
      'end failed 503 no_healthy_deployment',
    ],
    ['who has time goes back to one that it went past', 'c:not_found', patient, 'fall_back 0 | deployment'],
  ])('%s', (_name, attempts, changes, expected) => {
    expect(decide(attempts, changes)).toBe(expected)
  })

  test('many that wait come back spread over a while', () => {
    const waiting = inputFor('c:unhealthy', { ...patient, ...out('a', 'b', 'c'), random: () => 0.999 })
    expect(decideOutcome(waiting)).toMatchObject({ kind: 'defer', untilMs: NOW + 24_995 })
  })

  test('the caller is told when the first of them is back', () => {
    const outcome = decideOutcome(inputFor('c:unhealthy', out('b', 'c')))
    expect(outcome).toMatchObject({ kind: 'end', failure: { retryAfterSeconds: 20 } })
  })
})

describe('after a hedge in a later hop', () => {
  const inFirstHop = { hop: 0 }

  test.each([
    ['it failed last: once more there', 'a:server c:server', 'fall_back 1 | deployment'],
    ['the other failed last: once more here, as ever', 'c:server a:server', 'retry a | deployment'],
    ['then the other of the hop', 'c:server a:server a:server', 'retry b | deployment'],
    [
      'then its hop, where it has one try left',
      'c:server a:server a:server b:server b:server',
      'fall_back 1 | deployment',
    ],
    [
      'but not where that can not help',
      'c:credential a:server a:server b:server b:server',
      'end failed 502 provider_error | deployment',
    ],
  ])('%s', (_name, attempts, expected) => {
    expect(decide(attempts, inFirstHop)).toBe(expected)
  })

  test('one that merely lost the race counts as not asked', () => {
    const lost: PastAttempt = { deployment: 'b', hop: 0, errorClass: null, httpStatus: null }
    const outcome = decideOutcome(inputFor('a:server', { attempts: [...past('a:server'), lost, ...past('a:server')] }))
    expect(outcome).toMatchObject({ kind: 'retry', deployment: 'b' })
  })
})

describe('what the caller sees', () => {
  const endOf = (attempts: string, changes: Partial<OutcomeInput> = {}) => {
    const outcome = decideOutcome(inputFor(attempts, { deadlineMs: NOW + 1, ...changes }))
    if (outcome.kind !== 'end') throw new Error(`not an end: ${outcome.kind}`)
    return outcome.failure
  }

  test('the provider’s own body and status for a request that is at fault', () => {
    const body: ErrorBody = { message: 'bad tool', type: 'invalid_request_error', param: 'tools[0]', code: null }
    expect(
      endOf('a:invalid_request', { failure: { class: 'invalid_request', message: 'x', status: 422, body } }),
    ).toEqual({
      status: 422,
      error: body,
    })
    expect(
      endOf('a:context_length', { failure: { class: 'context_length', message: 'too long', status: null } }),
    ).toEqual({
      status: 400,
      error: { message: 'too long', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' },
    })
  })

  test('a server status on a caller’s error is not passed on', () => {
    expect(
      endOf('a:invalid_request', { failure: { class: 'invalid_request', message: 'x', status: 500 } }).status,
    ).toBe(400)
  })

  test('what was tried, bounded', () => {
    const attempts: PastAttempt[] = Array.from({ length: 40 }, () => ({
      deployment: 'c',
      hop: 1,
      errorClass: 'rate_limited',
      httpStatus: 429,
    }))
    const listed = endOf('c:rate_limited', { attempts }).error.attempts
    expect(listed).toHaveLength(20)
    expect(listed?.[0]).toEqual({ deployment: 'c', error_code: 'rate_limited', status: 429 })
  })

  test('when to come back after a rate limit', () => {
    const failure = { class: 'rate_limited' as const, message: 'slow', status: 429, retryAfterMs: 7_100 }
    expect(endOf('c:rate_limited', { failure }).retryAfterSeconds).toBe(8)
    expect(endOf('c:rate_limited').retryAfterSeconds).toBe(5)
  })

  test('nothing of what a provider says about our key', () => {
    const failure = { class: 'credential' as const, message: 'Incorrect API key provided: sk-canary', status: 401 }
    expect(JSON.stringify(endOf('c:credential', { failure }))).not.toContain('canary')
  })
})

test.each([
  ['that somebody waits for ends, in bounds, and never goes back', true],
  ['that nobody waits for ends, in bounds', false],
])('properties: every chain of failures of a job %s', (_name, attended) => {
  // (What rests is waited for as long as it rests; that is not the job's to bound.)
  const endless: ErrorClass[] = attended ? ['cancelled', 'deadline'] : ['cancelled', 'deadline', 'unhealthy']
  const retryable = ERROR_CLASSES.filter((name) => !endless.includes(name))
  const hops = fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
    .map((sizes) => sizes.map((size, hop) => Array.from({ length: size }, (_, i) => `d${hop}.${i}`)))
  fc.assert(
    fc.property(
      hops,
      fc.array(fc.constantFrom(...retryable), { minLength: 1, maxLength: 100 }),
      fc.constantFrom<OnBreak>('fail', 'restart', 'continue'),
      fc.boolean(),
      fc.boolean(),
      (names, classes, onBreak, contentInLog, prefill) => {
        const route = routeOf(names)
        const total = names.flat().length
        const attempts: PastAttempt[] = []
        let hop = 0
        let nowMs = NOW
        let deployment = names[0]![0]!
        for (let step = 0; ; step++) {
          const errorClass = classes[step % classes.length]!
          attempts.push({ deployment, hop, errorClass, httpStatus: null })
          const outcome = decideOutcome({
            ...inputFor('a:server'),
            attended,
            failure: { class: errorClass, message: '', status: null },
            attempts,
            route,
            hop,
            nowMs,
            onBreak,
            contentInLog,
            read: true,
            prefillPossible: () => prefill,
            windowOf: (name) => names.flat().indexOf(name) + 1,
            neededTokens: 0,
          })
          if (outcome.kind === 'end') break
          if (outcome.kind === 'fall_back') {
            if (attended) expect(outcome.hop).toBeGreaterThan(hop)
            hop = outcome.hop
            deployment = names[hop]!.find((name) => attempts.every((attempt) => attempt.deployment !== name))!
          } else if (outcome.kind === 'retry') {
            deployment = outcome.deployment
            expect(outcome.delayMs).toBeLessThanOrEqual(250)
          } else {
            expect(outcome.untilMs).toBeGreaterThanOrEqual(nowMs)
            nowMs = outcome.untilMs
          }
          expect(names[hop]).toContain(deployment)
          expect(contentInLog ? ['mark', 'prefill'] : ['keep']).toContain(outcome.log)
        }
        const unburnt = attempts.filter(({ errorClass }) => errorClass === 'rate_limited' || errorClass === 'unhealthy')
        expect(attempts.length - unburnt.length).toBeLessThanOrEqual(2 * total + 3)
        expect(unburnt.length).toBeLessThanOrEqual(31 + total)
      },
    ),
    { numRuns: 500 },
  )
})

describe('a cost cap', () => {
  const affordable = (...names: string[]) => ({ affordable: (name: string) => names.includes(name) })

  test.each([
    ['is no matter while it pays', 'a:server', ['a', 'b', 'c'], 'retry a | deployment'],
    ['pays for no second try, but for another', 'a:server', ['b', 'c'], 'retry b | deployment'],
    ['skips what it does not pay for', 'a:server', ['c'], 'fall_back 1 | deployment'],
    ['ends the job where it pays for nobody', 'a:server', [], 'end failed 400 cost_limit_reached | deployment'],
    ['that kept a call from being made sends it elsewhere', 'a:cost_limit', ['b'], 'retry b'],
    [
      'does not change the end of a job that nobody else could serve',
      'a:invalid_request',
      [],
      'end failed 400 invalid_request',
    ],
  ])('%s', (_name, attempts, names, expected) => {
    expect(decide(attempts, { hop: 0, ...affordable(...names) })).toBe(expected)
  })
})
