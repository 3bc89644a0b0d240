import type { IncomingMessage } from 'node:http'
import { Busboy, type BusboyFileStream } from '@fastify/busboy'
import { type FileForm, mostBytes } from '@switchyard/batches/files/create-file'
import { BrokerError } from '@switchyard/contract/broker-error'
import { cleanFilename } from './clean-filename.ts'
import { addField, purposeIn, readFileForm } from './read-file-form.ts'

/** Nothing of an upload for so long: its client is gone without a word. */
const IDLE_MS = 30_000
/** A form that we refused is read on for so long, so that its client hears why instead of a broken connection. */
const READ_ON_MS = 30_000
/** The form has four parts at the most; room for what is said to be wrong with more. */
const LIMITS = { parts: 8, files: 1, fields: 7, fieldSize: 1_024, headerPairs: 20, headerSize: 16 * 1_024 }

/** The file of a form that is arriving. Its content is read as it comes, or the form is stopped. */
export interface Upload {
  filename: string
  content: AsyncIterable<Uint8Array>
  maxBytes: number
  /** Resolves when the form has ended, with its fields: they may stand behind the file. */
  form(): Promise<FileForm>
}

export interface IncomingForm {
  /** Resolves at the beginning of the file. Rejects with what is wrong with the form, or when it has no file. */
  upload: Promise<Upload>
  /** Reads no further; what waits for the rest rejects with this error. What still comes is thrown away. */
  stop(error: BrokerError): void
}

/** Reads a multipart form part by part; only one chunk of it is in memory. Its content-type has been checked. */
export function receiveUpload(request: IncomingMessage): IncomingForm {
  const begun = Promise.withResolvers<Upload>()
  const ended = Promise.withResolvers<void>()
  // Whoever waits hears of it; often nobody does.
  begun.promise.catch(() => {})
  ended.promise.catch(() => {})
  const fields = new Map<string, string>()
  let file: BusboyFileStream | null = null
  let over = false
  const parser = new Busboy({
    headers: { 'content-type': request.headers['content-type']! },
    limits: LIMITS,
    isPartAFile: (_field, _type, filename) => filename !== undefined,
  })

  function finish(): void {
    over = true
    clearTimeout(idle)
    request.off('data', heard).off('close', cut)
  }

  function stop(error: BrokerError): void {
    if (over) return
    finish()
    request.unpipe(parser)
    request.resume()
    const patience = setTimeout(() => request.destroy(), READ_ON_MS)
    request.once('close', () => clearTimeout(patience))
    begun.reject(error)
    ended.reject(error)
    file?.destroy(error)
  }

  /** Throws inside the parser's events become the form's end. */
  function attempt(act: () => void): void {
    if (over) return
    try {
      act()
    } catch (error) {
      stop(BrokerError.is(error) ? error : malformed(error))
    }
  }

  const heard = () => void idle.refresh()
  // It also closes when all of it has come, while the store still writes.
  const cut = () => void (request.complete || stop(malformed(undefined)))
  const idle = setTimeout(function look() {
    // A store that is slow to write is not the client's silence.
    if (request.isPaused() || request.complete) idle.refresh()
    else stop(new BrokerError('request_timeout', 'The upload stood still for too long.'))
  }, IDLE_MS)

  parser.on('field', (name, value, _nameTruncated, truncated) =>
    attempt(() => addField(fields, name, value, truncated)),
  )
  parser.on('file', (name: string | undefined, content, filename) => {
    // A file that ends early tells it itself, also when nobody listens any more.
    content.on('error', () => {})
    attempt(() => {
      if (name !== 'file') throw unknownFile(name)
      file = content
      const form = () => ended.promise.then(() => readFileForm(fields))
      const maxBytes = mostBytes(purposeIn(fields))
      begun.resolve({ filename: cleanFilename(filename), content: contentOf(content), maxBytes, form })
    })
    if (over) content.resume()
  })
  parser.on('filesLimit', () =>
    stop(new BrokerError('invalid_value', 'Only one file can be uploaded at a time.', { param: 'file' })),
  )
  for (const limit of ['partsLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => stop(new BrokerError('invalid_multipart', 'The form has too many parts.')))
  }
  parser.on('error', (error) => stop(malformed(error)))
  parser.on('finish', () => {
    attempt(() => {
      if (file) return
      readFileForm(fields)
      throw new BrokerError('missing_required_parameter', "'file' is a required property", { param: 'file' })
    })
    if (over) return
    finish()
    ended.resolve()
  })
  request.on('error', () => {})
  request.on('data', heard).on('close', cut)
  request.pipe(parser)
  return { upload: begun.promise, stop }
}

/** What the parser finds wrong in the middle of a file, it throws at the reader. */
async function* contentOf(file: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw BrokerError.is(error) ? error : malformed(error)
  }
}

function unknownFile(name: string | undefined): BrokerError {
  if (name === undefined) return malformed(undefined)
  const param = name.slice(0, 100)
  return new BrokerError('unknown_parameter', `Unknown parameter: '${param}'. The file must be called 'file'.`, {
    param,
  })
}

function malformed(cause: unknown): BrokerError {
  return new BrokerError('invalid_multipart', 'The body is not a whole and well-formed multipart form.', { cause })
}
