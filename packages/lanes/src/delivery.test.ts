import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryData, deliveryId, type FirstChoice, parseDeliveryId, parseFirstChoice } from './delivery.ts'

test('an id names its delivery', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat(), (jobId, delivery) => {
      expect(parseDeliveryId(deliveryId({ jobId, delivery }))).toEqual({ jobId, delivery })
    }),
  )
})

test.each(['', '.', '.1', 'job', 'job.', 'job.x', 'job.1x', 'job.-1', 'job.1e3', `job.${'9'.repeat(16)}`])(
  '"%s" names none',
  (id) => {
    expect(parseDeliveryId(id)).toBeNull()
  },
)

const first: FirstChoice = { deployment: 'opus', inputTokens: 10, outputTokens: 20, drop: ['temperature', 'seed'] }

test('a message carries its first choice, where that is short', () => {
  const data = deliveryData({ jobId: 'job', delivery: 1, first })
  expect(data.length).toBeLessThan(64)
  expect(parseFirstChoice(data)).toEqual(first)
  expect(deliveryData({ jobId: 'job', delivery: 1 })).toBe('{}')
  expect(deliveryData({ jobId: 'job', delivery: 1, first: { ...first, deployment: 'ö'.repeat(100) } })).toBe('{}')
})

test.each([
  '',
  '{}',
  'null',
  '"x"',
  '{"first":',
  '{"first":null}',
  '{"first":[]}',
  '{"first":["opus",1]}',
  '{"first":["opus",1,"2"]}',
])('%j names no first choice', (data) => {
  expect(parseFirstChoice(data)).toBeUndefined()
})
