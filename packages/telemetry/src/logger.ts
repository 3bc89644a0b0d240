import { createRequire } from 'node:module'
import pino, { type DestinationStream, type Level, type Logger, type LoggerOptions } from 'pino'
import type PinoPretty from 'pino-pretty'
import { describeError } from './describe-error.ts'
import { gatherLines } from './gathered-lines.ts'
import { REDACTED_NAMES, redactFields } from './redact-fields.ts'
import { scrubberOf } from './scrub.ts'

export type { Logger } from 'pino'

/**
 * The process's logger: JSON lines, or coloured ones for people (`pretty`, by default when it goes to a terminal).
 * Three nets against secrets and prompts: serializers that allow instead of deny, redacted field names at any depth,
 * and a scrubber over every finished line that knows the shapes of keys and the live values given as `secrets`.
 *
 * @param options.service stands in every line
 * @param options.level pino level, default `LOG_LEVEL` or `info`; an unknown one means `info`
 * @param options.secrets live credentials of this process
 * @param options.fd file descriptor to write to: 1 (standard output) by default, 2 where that one is for other things
 * @param options.destination where lines go instead
 */
export function createLogger(options: {
  service: string
  level?: string | undefined
  pretty?: boolean
  secrets?: readonly string[]
  fd?: 1 | 2
  destination?: DestinationStream
}): Logger {
  const scrubLine = scrubberOf(options.secrets ?? [])
  const fd = options.fd ?? 1
  const isTerminal = (fd === 1 ? process.stdout : process.stderr).isTTY === true
  const write = writerOf(options.destination, fd, options.pretty ?? isTerminal)
  const stream = {
    // pino leaves the level of a line here before it writes it.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write: (line: string) => write(scrubLine(line), stream.lastLevel >= WARN),
  }
  return pino(settings(options.service, readLevel(options.level ?? process.env.LOG_LEVEL)), stream)
}

const WARN = pino.levels.values.warn!

function settings(service: string, level: Level | 'silent'): LoggerOptions {
  return {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redactFields },
    // A child's bindings do not pass through the formatter.
    redact: { paths: REDACTED_NAMES.map((name) => `["${name}"]`), censor: '[redacted]' },
    serializers: { err: describeError, error: describeError, req: describeRequest, res: describeResponse },
    errorKey: 'err',
    depthLimit: 5,
    edgeLimit: 50,
  }
}

function readLevel(level: string | undefined): Level | 'silent' {
  return level === 'silent' || (level !== undefined && level in pino.levels.values)
    ? (level as Level | 'silent')
    : 'info'
}

/**
 * Synchronous for people, and from `warn` on: a line that was logged before a crash is the one that is needed. Others are gathered
 * for a moment.
 */
function writerOf(
  destination: DestinationStream | undefined,
  fd: 1 | 2,
  pretty: boolean,
): (line: string, urgent: boolean) => void {
  if (destination !== undefined) return (line) => destination.write(line)
  if (pretty) {
    const output = openPretty(fd)
    return (line) => output.write(line)
  }
  const output = pino.destination({ fd, sync: true })
  return gatherLines((text) => output.write(text))
}

function openPretty(fd: 1 | 2): DestinationStream {
  const require = createRequire(import.meta.url)
  const pinoPretty = require('pino-pretty') as typeof PinoPretty
  return pinoPretty({
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    destination: fd,
  })
}

/** Method and path; never the query, headers or addresses. */
function describeRequest(request: unknown): object {
  const { method, url, id } = (request ?? {}) as { method?: unknown; url?: unknown; id?: unknown }
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof method === 'string' ? { method } : {}),
    ...(typeof url === 'string' ? { path: url.split('?', 1)[0]?.slice(0, 200) } : {}),
  }
}

function describeResponse(response: unknown): object {
  const { statusCode } = (response ?? {}) as { statusCode?: unknown }
  return typeof statusCode === 'number' ? { status: statusCode } : {}
}
