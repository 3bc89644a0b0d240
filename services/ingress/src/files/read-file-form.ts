import type { FileForm } from '@switchyard/batches/files/create-file'
import { UPLOAD_PURPOSES } from '@switchyard/batches/files/file-record'
import { BrokerError } from '@switchyard/contract/broker-error'

/** OpenAI's bounds of `expires_after[seconds]`. */
const SHORTEST_SECONDS = 3_600
const LONGEST_SECONDS = 2_592_000

const FIELDS = ['purpose', 'expires_after[anchor]', 'expires_after[seconds]']

/** Throws for a field that is not known, given twice or too long. Fields are judged as they come, before a large file behind them. */
export function addField(fields: Map<string, string>, name: string, value: string, truncated: boolean): void {
  if (name === 'file') throw invalid('file', "'file' must be a file: a part with a filename.")
  if (!FIELDS.includes(name)) {
    const param = name.slice(0, 100)
    throw new BrokerError('unknown_parameter', `Unknown parameter: '${param}'.`, { param })
  }
  if (fields.has(name)) throw invalid(name, `'${name}' was given more than once.`)
  if (truncated) throw invalid(name, `The value of '${name}' is too long.`)
  fields.set(name, value)
  if (name === 'purpose') purposeIn(fields)
}

/** What all fields together say. Throws what is wrong with them, as OpenAI says it. */
export function readFileForm(fields: ReadonlyMap<string, string>): FileForm {
  const purpose = purposeIn(fields)
  if (purpose === undefined) {
    throw new BrokerError('missing_required_parameter', "'purpose' is a required property", { param: 'purpose' })
  }
  return { purpose, expiresAfterSeconds: expiryIn(fields) }
}

export function purposeIn(fields: ReadonlyMap<string, string>): FileForm['purpose'] | undefined {
  const given = fields.get('purpose')
  if (given === undefined) return undefined
  const purpose = UPLOAD_PURPOSES.find((known) => known === given)
  if (purpose) return purpose
  const known = UPLOAD_PURPOSES.map((name) => `'${name}'`).join(', ')
  throw invalid('purpose', `'${given.slice(0, 100)}' is not one of [${known}] - 'purpose'`)
}

function expiryIn(fields: ReadonlyMap<string, string>): number | undefined {
  const anchor = fields.get('expires_after[anchor]')
  const seconds = fields.get('expires_after[seconds]')
  if (anchor === undefined && seconds === undefined) return undefined
  if (anchor !== 'created_at') throw invalid('expires_after[anchor]', "'expires_after[anchor]' must be 'created_at'.")
  const value = seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) : Number.NaN
  if (value >= SHORTEST_SECONDS && value <= LONGEST_SECONDS) return value
  throw invalid(
    'expires_after[seconds]',
    `'expires_after[seconds]' must be a whole number from ${SHORTEST_SECONDS} to ${LONGEST_SECONDS}.`,
  )
}

function invalid(param: string, message: string): BrokerError {
  return new BrokerError('invalid_value', message, { param })
}
