import type { AttemptFailure } from '@switchyard/contract/error-class'

export function brokenStream(message: string): AttemptFailure {
  return { class: 'broken_stream', message, status: 200 }
}
