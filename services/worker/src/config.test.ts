import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const REDIS_URL = 'redis://redis:6379'

describe('readConfig', () => {
  it('has a default for all but Redis', () => {
    expect(readConfig({ REDIS_URL })).toMatchObject({
      redisUrl: REDIS_URL,
      catalogFile: 'infra/catalog.yaml',
      blobs: { location: '.data/blobs', s3Endpoint: undefined, fsync: false },
      simulatorUrl: null,
      suspect: false,
      drainMs: 600_000,
      logLevel: 'info',
    })
    expect(() => readConfig({})).toThrow('REDIS_URL')
  })

  it('takes what is given', () => {
    const config = readConfig({
      REDIS_URL,
      SWITCHYARD_DRAIN_MS: '0',
      SWITCHYARD_WORKER_ROLE: 'suspect',
      SWITCHYARD_DURABILITY: 'strict',
      SWITCHYARD_BLOBS: 's3://bucket/prefix',
      SWITCHYARD_S3_ENDPOINT: 'http://127.0.0.1:9001',
      SWITCHYARD_SIMULATOR_URL: 'http://127.0.0.1:9000',
    })
    expect(config).toMatchObject({
      drainMs: 0,
      suspect: true,
      blobs: { location: 's3://bucket/prefix', s3Endpoint: 'http://127.0.0.1:9001', fsync: true },
      simulatorUrl: 'http://127.0.0.1:9000',
    })
  })

  it.each([
    ['SWITCHYARD_DRAIN_MS', 'soon'],
    ['SWITCHYARD_DRAIN_MS', '-1'],
    ['SWITCHYARD_WORKER_ROLE', 'boss'],
    ['SWITCHYARD_DURABILITY', 'very'],
    ['SWITCHYARD_S3_ENDPOINT', 'nowhere'],
    ['SWITCHYARD_SIMULATOR_URL', 'nowhere'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => readConfig({ REDIS_URL, [name]: value })).toThrow(name)
  })

  it('names the process so that the name can stand in a channel, a key and a log', () => {
    expect(readConfig({ REDIS_URL }).owner).toMatch(/^w-[A-Za-z0-9-]+$/)
  })
})
