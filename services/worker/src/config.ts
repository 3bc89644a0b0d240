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
  SWITCHYARD_SIMULATOR_URL: z.url().optional(),
  SWITCHYARD_WORKER_ROLE: z.enum(['pool', 'suspect']).default('pool'),
  SWITCHYARD_DRAIN_MS: z.coerce.number().int().min(0).default(600_000),
  LOG_LEVEL: z.string().default('info'),
})

/** Read once, handed down. */
export interface WorkerConfig {
  redisUrl: string
  catalogFile: string
  blobs: BlobSettings
  /** Base URL of the simulator that stands in for providers without a credential; null: they stay unavailable. */
  simulatorUrl: string | null
  /** A suspect worker runs one job at a time, from the suspect lane alone. */
  suspect: boolean
  drainMs: number
  /** How long the minute of the providers' limits is, ms. Tests shorten it. */
  quotaMinuteMs: number
  logLevel: string
  /** Name of this process as an owner of jobs. */
  owner: string
}

export function readConfig(env: NodeJS.ProcessEnv): WorkerConfig {
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
    simulatorUrl: parsed.SWITCHYARD_SIMULATOR_URL ?? null,
    suspect: parsed.SWITCHYARD_WORKER_ROLE === 'suspect',
    drainMs: parsed.SWITCHYARD_DRAIN_MS,
    quotaMinuteMs: 60_000,
    logLevel: parsed.LOG_LEVEL,
    owner: `w-${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}-${Date.now().toString(36)}`,
  }
}
