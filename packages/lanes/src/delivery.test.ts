import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryId, parseDeliveryId } from './delivery.ts'

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
