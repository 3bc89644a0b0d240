import type { AttemptFailure } from '@switchyard/contract/error-class'
import type { Hold } from './hold.ts'

/** An aborted call says only that it was aborted; why is known here. */
export function interpret(hold: Hold, failure: AttemptFailure): AttemptFailure {
  switch (hold.reason) {
    case null:
      return failure
    case 'ended':
      return { class: 'cancelled', message: 'the job has ended', status: null }
    case 'deadline':
      return { class: 'deadline', message: 'the deadline passed during the call', status: null }
    case 'drain':
      return { class: 'worker_lost', message: 'the worker was asked to stop', status: null }
    case 'lease':
      return { class: 'worker_lost', message: 'the lease could not be renewed in time', status: null }
  }
}
