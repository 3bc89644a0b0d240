import { expect, test, vi } from 'vitest'
import { comparePolicies } from './compare-policies.ts'

// A second of work each, on a machine that has nothing else to do.
vi.setConfig({ testTimeout: 60_000 })

test.each([1, 2, 3])('what each policy is for, and how far it stays from knowing the future (seed %s)', (seed) => {
  const results = comparePolicies({ seed, jobs: 700, meanGapMs: 150 })
  const of = (name: string) => results.get(name)!
  const ours = ['cost', 'latency', 'quality', 'balanced'].map(of)

  expect(of('cost').usdPerThousand).toBe(Math.min(...ours.map(({ usdPerThousand }) => usdPerThousand)))
  expect(of('cost').usdPerThousand).toBeLessThan(1.3 * of('oracle: cheapest in time').usdPerThousand)
  expect(of('quality').quality).toBe(Math.max(...ours.map(({ quality }) => quality)))

  expect(of('latency').latencyMs.p95).toBeLessThan(0.7 * of('random').latencyMs.p95)
  expect(of('latency').latencyMs.p95).toBeLessThan(2 * of('oracle: quickest').latencyMs.p95)
  expect(of('latency').latencyMs.mean).toBeLessThan(2 * of('oracle: quickest').latencyMs.mean)
  expect(of('latency').missed).toBeLessThan(of('random').missed)

  const { usdPerThousand, latencyMs, missed } = of('balanced')
  expect(usdPerThousand).toBeGreaterThan(of('cost').usdPerThousand)
  expect(usdPerThousand).toBeLessThan(of('random').usdPerThousand)
  expect(latencyMs.p95).toBeLessThan(of('random').latencyMs.p95)
  expect(latencyMs.p95).toBeLessThan(of('cost').latencyMs.p95)
  expect(missed).toBeLessThan(of('round robin').missed)
})

test('the same seed is the same world', () => {
  const options = { seed: 5, jobs: 200, meanGapMs: 150 }
  expect(comparePolicies(options)).toEqual(comparePolicies(options))
})
