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
  LOG_LEVEL: z.string().default('info'),
})

/** Read once, handed down. */
export interface BackgroundConfig {
  redisUrl: string
  catalogFile: string
  blobs: BlobSettings
  logLevel: string
  id: string
}

export function readConfig(env: NodeJS.ProcessEnv): BackgroundConfig {
  const parsed = environment.parse(env)
  return {
    redisUrl: parsed.REDIS_URL,
    catalogFile: parsed.SWITCHYARD_CATALOG,
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
