import { isAbsolute, resolve } from 'node:path'

/** What the environment says about one stack; interface.md §1 has the table. */
export interface StackSettings {
  port: number
  host: string
  controlPort: number
  /** It was asked for by name; else any other will do where it is taken. */
  isControlPortGiven: boolean
  controlHost: string
  /** A server that runs already; null: one of our own. */
  redisUrl: string | null
  /** The Redis or Valkey binary that start.mjs found. */
  redisServer: string
  dataDir: string
  catalogFile: string
  /** The first API key, if one was given. */
  apiKey: string | null
  simulator: 'on' | 'off' | 'auto'
  fsyncAlways: boolean
  /** How long running work may go on after a SIGTERM. */
  drainMs: number
}

/** Something the operator has to change: shown as it is, without a stack trace. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const API_KEY = /^sk-sy-[A-Za-z0-9_-]{20,}$/
const DEFAULT_DRAIN_MS = 8000

/**
 * Reads and checks the variables. Relative paths are taken from `directory`, the checkout.
 * Throws `SettingsError` naming the variable; a wrong API key is not repeated in the message.
 */
export function readSettings(env: NodeJS.ProcessEnv, directory: string): StackSettings {
  const port = readPort(env, 'PORT', 8080)
  const path = (name: string, otherwise: string) => {
    const given = env[name] || otherwise
    return isAbsolute(given) ? given : resolve(directory, given)
  }
  const apiKey = env.SWITCHYARD_API_KEY || null
  if (apiKey !== null && !API_KEY.test(apiKey)) {
    throw new SettingsError('SWITCHYARD_API_KEY must be "sk-sy-" and at least 20 letters, digits, "-" or "_".')
  }
  return {
    port,
    host: env.HOST || '127.0.0.1',
    controlPort: readPort(env, 'CONTROL_PORT', port === 0 || port === 65_535 ? 0 : port + 1),
    isControlPortGiven: Boolean(env.CONTROL_PORT),
    controlHost: env.CONTROL_HOST || '127.0.0.1',
    redisUrl: env.REDIS_URL || null,
    redisServer: env.SWITCHYARD_REDIS_SERVER || 'redis-server',
    dataDir: path('SWITCHYARD_DATA_DIR', '.data'),
    catalogFile: path('SWITCHYARD_CATALOG', 'infra/catalog.yaml'),
    apiKey,
    simulator: readChoice(env, 'SWITCHYARD_SIMULATOR', ['auto', 'on', 'off']),
    fsyncAlways: readChoice(env, 'SWITCHYARD_DURABILITY', ['normal', 'strict']) === 'strict',
    drainMs: readDrain(env),
  }
}

function readPort(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name]
  if (!text) return otherwise
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new SettingsError(`${name}=${text} is no port: a whole number from 0 (any free one) to 65535.`)
}

function readChoice<Choice extends string>(
  env: NodeJS.ProcessEnv,
  name: string,
  choices: [Choice, ...Choice[]],
): Choice {
  const text = env[name]
  if (!text) return choices[0]
  const choice = choices.find((candidate) => candidate === text)
  if (choice !== undefined) return choice
  throw new SettingsError(`${name}=${text} is not one of ${choices.join(', ')}.`)
}

function readDrain(env: NodeJS.ProcessEnv): number {
  const text = env.SWITCHYARD_DRAIN_MS
  if (!text) return DEFAULT_DRAIN_MS
  const drainMs = Number(text)
  if (Number.isInteger(drainMs) && drainMs >= 0) return drainMs
  throw new SettingsError(`SWITCHYARD_DRAIN_MS=${text} is no number of milliseconds.`)
}
