import { describe, expect, it } from 'vitest'
import { readSettings } from './stack-settings.ts'

describe('readSettings', () => {
  it('has the defaults of the public contract', () => {
    expect(readSettings({}, '/yard')).toEqual({
      port: 8080,
      host: '127.0.0.1',
      controlPort: 8081,
      isControlPortGiven: false,
      controlHost: '127.0.0.1',
      redisUrl: null,
      redisServer: 'redis-server',
      dataDir: '/yard/.data',
      catalogFile: '/yard/infra/catalog.yaml',
      apiKey: null,
      simulator: 'auto',
      fsyncAlways: false,
      drainMs: 8000,
    })
  })

  it('reads what is given', () => {
    const settings = readSettings(
      {
        PORT: '9000',
        CONTROL_HOST: '::1',
        HOST: '0.0.0.0',
        REDIS_URL: 'redis://h',
        SWITCHYARD_DATA_DIR: 'here',
        SWITCHYARD_CATALOG: '/etc/catalog.yaml',
        SWITCHYARD_API_KEY: 'sk-sy-01234567890123456789',
        SWITCHYARD_SIMULATOR: 'off',
        SWITCHYARD_DURABILITY: 'strict',
        SWITCHYARD_DRAIN_MS: '0',
      },
      '/yard',
    )
    expect(settings).toMatchObject({
      port: 9000,
      controlPort: 9001,
      controlHost: '::1',
      host: '0.0.0.0',
      redisUrl: 'redis://h',
      dataDir: '/yard/here',
      catalogFile: '/etc/catalog.yaml',
      apiKey: 'sk-sy-01234567890123456789',
      simulator: 'off',
      fsyncAlways: true,
      drainMs: 0,
    })
  })

  it('takes an empty variable for one that is not set', () => {
    const empty = {
      PORT: '',
      HOST: '',
      REDIS_URL: '',
      SWITCHYARD_API_KEY: '',
      SWITCHYARD_SIMULATOR: '',
      SWITCHYARD_DRAIN_MS: '',
    }
    expect(readSettings(empty, '/yard')).toEqual(readSettings({}, '/yard'))
  })

  it.each([
    ['PORT', '80a'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['CONTROL_PORT', '1.5'],
    ['SWITCHYARD_SIMULATOR', 'yes'],
    ['SWITCHYARD_DURABILITY', 'paranoid'],
    ['SWITCHYARD_DRAIN_MS', 'soon'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => readSettings({ [name]: value }, '/yard')).toThrow(new RegExp(`^${name}=${value}`))
  })

  it.each(['sk-sy-short', 'sk-01234567890123456789', 'sk-sy-0123456789 0123456789', ' sk-sy-01234567890123456789'])(
    'refuses the key "%s" without repeating it',
    (key) => {
      expect(() => readSettings({ SWITCHYARD_API_KEY: key }, '/yard')).toThrow(/^SWITCHYARD_API_KEY must be/)
      expect(() => readSettings({ SWITCHYARD_API_KEY: key }, '/yard')).not.toThrow(key)
    },
  )
})
