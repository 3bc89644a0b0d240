import { hostname } from 'node:os'
import { join } from 'node:path'
import type { BlobSettings } from '@switchyard/blobs/open-blob-store'
import { z } from 'zod'

const environment = z.object({
  REDIS_URL: z.string().min(1),
  SWITCHYARD_DATA_DIR: z.string().default('.data'),
  SWITCHYARD_BLOBS: z.string().default(''),
  SWITCHYARD_S3_ENDPOINT: z.union([z.literal(''), z.url()]).default(''),
  SWITCHYARD_DURABILITY: z.enum(['normal', 'strict']).default('normal'),
  SWITCHYARD_CATALOG: z.string().default('infra/catalog.yaml'),
  SWITCHYARD_SECRET: z.string().optional(),
  SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK: z.string().optional(),
  LOG_LEVEL: z.string().default('info'),
})

/** Read once, handed down. */
export interface BackgroundConfig {
  redisUrl: string
  dataDir: string
  catalogFile: string
  /** What signing secrets are derived from; undefined: the one in the data directory. */
  secret: string | undefined
  /** For development: webhooks may go to this machine. */
  allowLoopback: boolean
  blobs: BlobSettings
  logLevel: string
  id: string
}

export function readConfig(env: NodeJS.ProcessEnv): BackgroundConfig {
  const parsed = environment.parse(env)
  return {
    redisUrl: parsed.REDIS_URL,
    dataDir: parsed.SWITCHYARD_DATA_DIR,
    catalogFile: parsed.SWITCHYARD_CATALOG,
    secret: parsed.SWITCHYARD_SECRET || undefined,
    allowLoopback: parsed.SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK === '1',
    blobs: {
      location: parsed.SWITCHYARD_BLOBS || join(parsed.SWITCHYARD_DATA_DIR, 'blobs'),
      s3Endpoint: parsed.SWITCHYARD_S3_ENDPOINT || undefined,
      // Acknowledged means fsynced, blobs too.
      fsync: parsed.SWITCHYARD_DURABILITY === 'strict',
    },
    logLevel: parsed.LOG_LEVEL,
    id: `b-${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}-${Date.now().toString(36)}`,
  }
}
