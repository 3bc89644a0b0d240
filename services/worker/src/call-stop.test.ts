import { expect, test } from 'vitest'
import { CallStop } from './call-stop.ts'

test('one call is ended, and the job goes on', () => {
  const job = new AbortController()
  const [one, other] = [new CallStop(job.signal), new CallStop(job.signal)]
  one.stop('cost_cap')
  one.stop('outrun')
  expect([one.reason, one.signal.aborted]).toEqual(['cost_cap', true])
  expect([other.reason, other.signal.aborted, job.signal.aborted]).toEqual([null, false, false])
})

test('what ends with its job was not ended by itself', () => {
  const job = new AbortController()
  const call = new CallStop(job.signal)
  job.abort()
  call.stop('outrun')
  expect([call.reason, call.signal.aborted]).toEqual([null, true])
})
