import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { required } from './testing/start-stack.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ingress-main-'))
  await writeFile(join(directory, 'catalog.yaml'), 'providers: {}\nclasses: {}\ndeployments: {}\nmodels: {}\n')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** The service as its supervisor starts it. */
function start(env: Record<string, string> = {}): ChildProcess {
  return fork(new URL('./main.ts', import.meta.url), [], {
    silent: true,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      REDIS_URL: required('TEST_REDIS_URL'),
      SWITCHYARD_DATA_DIR: directory,
      SWITCHYARD_CATALOG: join(directory, 'catalog.yaml'),
      ...env,
    },
  })
}

async function readyUrl(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, 'message')) as [{ type: string; url: string }]
  expect(message.type).toBe('ready')
  return message.url
}

describe('the process', () => {
  it('says where it listens, and ends on SIGTERM with 0', async () => {
    const child = start()
    const exited = once(child, 'exit')
    const url = await readyUrl(child)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  it('ends when its supervisor is gone', async () => {
    const child = start()
    const exited = once(child, 'exit')
    await readyUrl(child)
    child.disconnect()
    expect(await exited).toEqual([0, null])
  })

  it.each<[string, Record<string, string>, string]>([
    ['a setting that is not valid', { PORT: 'eighty' }, 'PORT'],
    ['a catalog that is not there', { SWITCHYARD_CATALOG: '/nowhere/catalog.yaml' }, 'catalog'],
    ['a key of the wrong form', { SWITCHYARD_API_KEY: 'canary-key' }, 'SWITCHYARD_API_KEY'],
    ['no Redis', { REDIS_URL: 'redis://127.0.0.1:1' }, 'ECONNREFUSED'],
  ])('does not start with %s, and says why', async (_name, env, why) => {
    const child = start(env)
    let said = ''
    child.stdout?.on('data', (piece) => {
      said += piece
    })
    child.stderr?.on('data', (piece) => {
      said += piece
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    expect(said).toContain(why)
    expect(said).not.toContain('canary-key')
  })
})
