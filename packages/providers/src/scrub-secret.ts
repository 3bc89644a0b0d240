import type { AttemptFailure } from '@switchyard/contract/error-class'

/** A provider's own words are given back to the caller; should they repeat our credential, it is cut out of them. */
export function scrubSecret(failure: AttemptFailure, secret: string | null): AttemptFailure {
  if (secret === null || secret === '' || failure.body === undefined) return failure
  const { message, param, code } = failure.body
  const clean = (text: string) => text.replaceAll(secret, '[redacted]')
  return {
    ...failure,
    body: {
      ...failure.body,
      message: clean(message),
      param: param === null ? null : clean(param),
      code: code === null ? null : clean(code),
    },
  }
}
