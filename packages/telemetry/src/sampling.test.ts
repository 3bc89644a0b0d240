import { describe, expect, it } from 'vitest'
import { samplerFromEnvironment } from './sampling.ts'
import { randomHex } from './span-ids.ts'

const ID = 'aaaaaaaaaaaaaaaaaaa0000000000001'
const SAMPLED = { sampled: true }
const UNSAMPLED = { sampled: false }

describe('samplerFromEnvironment', () => {
  it.each([
    // name, argument, root, under a sampled parent, under an unsampled one
    [undefined, undefined, true, true, false],
    ['parentbased_always_on', undefined, true, true, false],
    ['parentbased_always_off', undefined, false, true, false],
    ['always_on', undefined, true, true, true],
    ['always_off', undefined, false, false, false],
    ['traceidratio', '0', false, false, false],
    ['traceidratio', '1', true, true, true],
    ['parentbased_traceidratio', '0', false, true, false],
    ['parentbased_traceidratio', 'half', true, true, false],
    ['parentbased_traceidratio', '7', true, true, false],
    ['no such sampler', undefined, true, true, false],
  ])('%s(%s): root %s, sampled parent %s, unsampled parent %s', (name, argument, root, sampled, unsampled) => {
    const sample = samplerFromEnvironment({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument })
    expect([sample(ID, undefined), sample(ID, SAMPLED), sample(ID, UNSAMPLED)]).toEqual([root, sampled, unsampled])
  })

  it('takes about the share that is asked for, and the same ids every time', () => {
    const one = samplerFromEnvironment({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })
    const other = samplerFromEnvironment({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })
    const ids = Array.from({ length: 4000 }, () => randomHex(16))
    const taken = ids.filter((id) => one(id, undefined))
    // Seven standard deviations around 1,000.
    expect(taken.length).toBeGreaterThan(800)
    expect(taken.length).toBeLessThan(1200)
    expect(ids.filter((id) => other(id, undefined))).toEqual(taken)
  })
})
