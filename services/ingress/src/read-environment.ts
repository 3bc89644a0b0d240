import { join } from 'node:path'
import type { BlobSettings } from '@switchyard/blobs/open-blob-store'
import { z } from 'zod'

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  REDIS_URL: z.string().min(1),
  SWITCHYARD_DATA_DIR: z.string().min(1).default('.data'),
  SWITCHYARD_BLOBS: z.string().min(1).optional(),
  SWITCHYARD_S3_ENDPOINT: z.url().optional(),
  SWITCHYARD_DURABILITY: z.enum(['normal', 'strict']).default('normal'),
  SWITCHYARD_CATALOG: z.string().min(1).default('infra/catalog.yaml'),
  SWITCHYARD_API_KEY: z.string().min(1).optional(),
  SWITCHYARD_SECRET: z.string().optional(),
  SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK: z.enum(['0', '1']).default('0'),
  SWITCHYARD_DRAIN_MS: z.coerce.number().int().min(0).default(600_000),
})

export interface Environment {
  port: number
  host: string
  redisUrl: string
  dataDirectory: string
  blobs: BlobSettings
  catalogFile: string
  /** A first key with all rights, for development. */
  apiKey: string | undefined
  drainMs: number
  /** What signing secrets are derived from; undefined: the one in the data directory. */
  secret: string | undefined
  /** For development: webhooks may go to this machine. */
  webhookLoopback: boolean
}

/** Reads the process's settings, once. Throws with the names that are wrong, never with their values. */
export function readEnvironment(env: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new Error(`The environment is not valid: ${wrong.join('; ')}`)
  }
  const { data } = parsed
  return {
    port: data.PORT,
    host: data.HOST,
    redisUrl: data.REDIS_URL,
    dataDirectory: data.SWITCHYARD_DATA_DIR,
    blobs: {
      location: data.SWITCHYARD_BLOBS ?? join(data.SWITCHYARD_DATA_DIR, 'blobs'),
      s3Endpoint: data.SWITCHYARD_S3_ENDPOINT,
      // Acknowledged means fsynced, blobs too.
      fsync: data.SWITCHYARD_DURABILITY === 'strict',
    },
    catalogFile: data.SWITCHYARD_CATALOG,
    apiKey: data.SWITCHYARD_API_KEY,
    drainMs: data.SWITCHYARD_DRAIN_MS,
    secret: data.SWITCHYARD_SECRET,
    webhookLoopback: data.SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK === '1',
  }
}
