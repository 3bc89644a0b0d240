import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { askRedis } from './ask-redis.ts'
import { findFreePort } from './free-port.ts'
import { processCommand } from './process-command.ts'

// The whole stack with fake services (__fixtures__/fake-service.ts) and a real Redis, as processes.

const FAKE_STACK = fileURLToPath(new URL('./__fixtures__/fake-stack.ts', import.meta.url))
const REDIS = process.env.SWITCHYARD_REDIS_SERVER || 'redis-server'

interface Started {
  role: string
  pid: number
  env: NodeJS.ProcessEnv
}

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function makeDataDir(prefix = 'sy-'): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), prefix))
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function startStack(env: NodeJS.ProcessEnv) {
  const given: NodeJS.ProcessEnv = {
    PORT: String(await findFreePort()),
    HOST: '',
    LOG_LEVEL: 'warn',
    CONTROL_PORT: '',
    ...env,
  }
  const child = spawn(process.execPath, [FAKE_STACK], {
    env: { PATH: process.env.PATH, SWITCHYARD_REDIS_SERVER: REDIS, ...given },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  let errors = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  child.stderr?.on('data', (chunk) => (errors += chunk))
  const dataDir = given.SWITCHYARD_DATA_DIR ?? ''
  cleanups.push(async () => {
    child.kill('SIGKILL')
    await exited(child)
    for (const { pid } of await started(dataDir)) await kill(pid)
    await kill(await redisPid(dataDir))
  })
  return {
    child,
    port: given.PORT ?? '',
    dataDir,
    output: () => output,
    errors: () => errors,
    ready: () => vi.waitFor(() => expect(output, errors).toContain('curl '), { timeout: 15_000, interval: 20 }),
  }
}

async function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

async function started(dataDir: string): Promise<Started[]> {
  const text = await readFile(join(dataDir, 'started.jsonl'), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Started]))
}

/** Ready means that a request will succeed, not that the last process has begun. */
async function allStarted(dataDir: string): Promise<Started[]> {
  await vi.waitFor(async () => expect(await started(dataDir)).toHaveLength(6), 10_000)
  return started(dataDir)
}

async function redisPid(dataDir: string): Promise<number> {
  return Number(await readFile(join(dataDir, 'redis/redis.pid'), 'utf8').catch(() => '0'))
}

async function kill(pid: number): Promise<void> {
  if ((await processCommand(pid))?.match(/fake-service|redis|valkey/)) process.kill(pid, 'SIGKILL')
}

async function expectGone(pids: number[]): Promise<void> {
  const left = async () => (await Promise.all(pids.map(processCommand))).filter((command) => command !== undefined)
  await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 14_000, interval: 50 })
}

describe('runStack', { timeout: 40_000 }, () => {
  it('starts everything, says so in one clean line, and leaves nothing behind', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), OPENAI_API_KEY: '' })
    await stack.ready()
    const key = (await readFile(join(stack.dataDir, 'api-key'), 'utf8')).trim()
    expect(stack.output().split('\n')[0]).toBe(`switchyard ready http://127.0.0.1:${stack.port} key ${key}`)
    expect(key).toMatch(/^sk-sy-[A-Za-z0-9_-]{43}$/)
    expect((await stat(join(stack.dataDir, 'api-key'))).mode & 0o777).toBe(0o600)

    const services = await allStarted(stack.dataDir)
    expect(services.map(({ role }) => role).sort()).toEqual([
      'control',
      'ingress',
      'plain',
      'plain',
      'simulator',
      'suspect',
    ])
    const pids = [...services.map(({ pid }) => pid), await redisPid(stack.dataDir)]
    const stoppedAt = performance.now()
    stack.child.kill('SIGTERM')
    stack.child.kill('SIGINT')
    expect(await exited(stack.child)).toBe(0)
    expect(performance.now() - stoppedAt).toBeLessThan(9000)
    await expectGone(pids)
    expect(await readFile(join(stack.dataDir, 'stack.pid'), 'utf8').catch(() => 'gone')).toBe('gone')
  })

  it('gives each service what it needs and nothing more', async () => {
    const stack = await startStack({
      SWITCHYARD_DATA_DIR: await makeDataDir(),
      SWITCHYARD_SIMULATOR: 'on',
      SWITCHYARD_API_KEY: 'sk-sy-a-key-that-was-given-by-hand',
      SWITCHYARD_SECRET: 'a secret that webhooks are signed with',
      AWS_SECRET_ACCESS_KEY: 'of the bucket',
      OPENAI_API_KEY: 'openai-canary',
      GEMINI_API_KEY: 'gemini-canary',
    })
    await stack.ready()
    expect(stack.output()).toContain('key sk-sy-a-key-that-was-given-by-hand\n')
    const services = await allStarted(stack.dataDir)
    for (const { role, env } of services) {
      const isWorker = env.OPENAI_API_KEY !== undefined
      expect([role, env.GEMINI_API_KEY]).toEqual([role, isWorker ? 'gemini-canary' : undefined])
      expect([role, env.SWITCHYARD_API_KEY !== undefined]).toEqual([role, role === 'ingress'])
      const signs = role !== 'simulator' && role !== 'control' && !isWorker
      expect([role, env.SWITCHYARD_SECRET !== undefined]).toEqual([role, signs])
      expect([role, env.SWITCHYARD_WEBHOOK_ALLOW_LOOPBACK]).toEqual([role, signs ? '1' : undefined])
      expect([role, env.REDIS_URL !== undefined]).toEqual([role, role !== 'simulator'])
      expect([role, env.AWS_SECRET_ACCESS_KEY !== undefined]).toEqual([
        role,
        role !== 'simulator' && role !== 'control',
      ])
      expect([role, env.CONTROL_PORT !== undefined]).toEqual([role, role === 'control'])
      expect(env.SWITCHYARD_DRAIN_MS).toBe('8000')
    }
    const workers = services.filter(({ env }) => env.OPENAI_API_KEY !== undefined)
    expect(workers.map(({ role }) => role).sort()).toEqual(['plain', 'suspect'])
    expect(workers[0]?.env.SWITCHYARD_SIMULATOR_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const control = services.find(({ role }) => role === 'control')
    expect(control?.env.CONTROL_HOST).toBe('127.0.0.1')
    // The next port, or another one where that is taken.
    expect(stack.output()).toContain(`http://127.0.0.1:${control?.env.CONTROL_PORT}/metrics\n`)
  })

  it('starts a dead service and a dead Redis again, with the data that was there', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir() })
    await stack.ready()
    const socket = { path: join(stack.dataDir, 'redis/redis.sock') }
    await askRedis(socket, ['SET', 'kept', 'yes'])
    const policy = await askRedis(socket, ['INFO'])
    expect(policy).toContain('maxmemory_policy:noeviction')
    expect(policy).toContain('aof_enabled:1')

    const ingress = (await started(stack.dataDir)).find(({ role }) => role === 'ingress')
    process.kill(ingress?.pid ?? 0, 'SIGKILL')
    const before = await redisPid(stack.dataDir)
    process.kill(before, 'SIGKILL')
    await vi.waitFor(async () => {
      expect((await started(stack.dataDir)).filter(({ role }) => role === 'ingress')).toHaveLength(2)
      expect(await askRedis(socket, ['GET', 'kept'])).toBe('yes')
    }, 10_000)
    expect(await redisPid(stack.dataDir)).not.toBe(before)
    stack.child.kill('SIGTERM')
    expect(await exited(stack.child)).toBe(0)
    expect(stack.errors()).toContain('died, restarting')
  })

  it('kills what does not end a second after its time to drain is over', async () => {
    const stack = await startStack({
      SWITCHYARD_DATA_DIR: await makeDataDir(),
      FAKE_IGNORES_SIGTERM: 'suspect',
      SWITCHYARD_DRAIN_MS: '1500',
    })
    await stack.ready()
    const pids = [...(await allStarted(stack.dataDir)).map(({ pid }) => pid), await redisPid(stack.dataDir)]
    const stoppedAt = performance.now()
    stack.child.kill('SIGTERM')
    expect(await exited(stack.child)).toBe(0)
    expect(performance.now() - stoppedAt).toBeGreaterThan(2400)
    expect(performance.now() - stoppedAt).toBeLessThan(5000)
    await expectGone(pids)
  })

  it('kills at once for somebody who asks again', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), FAKE_IGNORES_SIGTERM: 'suspect' })
    await stack.ready()
    await allStarted(stack.dataDir)
    const stoppedAt = performance.now()
    // Like an impatient hand on Ctrl-C: what comes within a second still counts as the first request.
    const again = setInterval(() => stack.child.kill('SIGINT'), 300)
    expect(await exited(stack.child)).toBe(0)
    clearInterval(again)
    expect(performance.now() - stoppedAt).toBeLessThan(5000)
  })

  it('is followed by its children when it is killed, and the next start takes over', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir() })
    await stack.ready()
    const services = (await allStarted(stack.dataDir)).map(({ pid }) => pid)
    const redis = await redisPid(stack.dataDir)
    stack.child.kill('SIGKILL')
    await exited(stack.child)
    await expectGone(services)

    await rm(join(stack.dataDir, 'started.jsonl'))
    const next = await startStack({
      SWITCHYARD_DATA_DIR: stack.dataDir,
      PORT: stack.port,
      FAKE_IGNORES_SIGTERM: 'suspect',
    })
    await next.ready()
    expect(await redisPid(stack.dataDir)).not.toBe(redis)
    await expectGone([redis])
    const last = [...(await allStarted(stack.dataDir)).map(({ pid }) => pid), await redisPid(stack.dataDir)]
    next.child.kill('SIGKILL')
    // Nobody starts it again: the watchdog ends even what ignores a SIGTERM, and Redis after it.
    await expectGone(last)
  })

  it('stops when whoever started it is gone', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir() })
    await stack.ready()
    stack.child.disconnect()
    expect(await exited(stack.child)).toBe(0)
  })

  it('refuses a data directory that another stack uses, and a port that is taken', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir() })
    await stack.ready()
    const sameDirectory = await startStack({ SWITCHYARD_DATA_DIR: stack.dataDir })
    expect(await exited(sameDirectory.child)).toBe(1)
    expect(sameDirectory.errors()).toContain(`in use by another stack (process ${stack.child.pid})`)
    const samePort = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), PORT: stack.port })
    expect(await exited(samePort.child)).toBe(1)
    expect(samePort.errors()).toContain(`Port ${stack.port} on 127.0.0.1 is taken`)
    expect(await redisPid(samePort.dataDir)).toBe(0)
    const sameControl = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), CONTROL_PORT: stack.port })
    expect(await exited(sameControl.child)).toBe(1)
    expect(sameControl.errors()).toContain(`Port ${stack.port} on 127.0.0.1 is taken. Set CONTROL_PORT`)
    expect((await fetch(`http://127.0.0.1:${stack.port}/readyz`)).status).toBe(200)
  })

  it('keeps its socket in a short place where the data directory is deep', async () => {
    const deep = join(await makeDataDir(), 'a-directory-with-a-long-name'.repeat(3), 'and-another-one'.repeat(3))
    const stack = await startStack({ SWITCHYARD_DATA_DIR: deep })
    await stack.ready()
    const url = (await started(deep)).find(({ role }) => role === 'ingress')?.env.REDIS_URL ?? ''
    expect(url).toContain(`unix://${tmpdir()}/switchyard-`)
    expect(await askRedis({ path: new URL(url).pathname }, ['PING'])).toBe('PONG')
    cleanups.unshift(() => rm(join(new URL(url).pathname, '..'), { recursive: true, force: true }))
    stack.child.kill('SIGTERM')
    expect(await exited(stack.child)).toBe(0)
  })

  it('uses a given Redis, and refuses one that evicts or is not there', async () => {
    const port = await findFreePort()
    const directory = await makeDataDir()
    const server = spawn(REDIS, ['--port', String(port), '--dir', directory, '--save', ''], { stdio: 'ignore' })
    cleanups.push(async () => {
      server.kill('SIGKILL')
      await exited(server)
    })
    await vi.waitFor(async () => expect(await askRedis({ port }, ['PING'])).toBe('PONG'), 5000)

    const url = `redis://127.0.0.1:${port}`
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), REDIS_URL: url })
    await stack.ready()
    expect((await started(stack.dataDir))[0]?.env).toMatchObject({ SWITCHYARD_DATA_DIR: stack.dataDir })
    expect((await started(stack.dataDir)).find(({ role }) => role === 'ingress')?.env.REDIS_URL).toBe(url)
    expect(await redisPid(stack.dataDir)).toBe(0)
    stack.child.kill('SIGTERM')
    await exited(stack.child)
    expect(await askRedis({ port }, ['PING'])).toBe('PONG')

    await askRedis({ port }, ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
    const evicting = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), REDIS_URL: url })
    expect(await exited(evicting.child)).toBe(1)
    expect(evicting.errors()).toMatch(/REDIS_URL can't be used: .*noeviction/)

    const nowhere = `redis://127.0.0.1:${await findFreePort()}`
    const missing = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), REDIS_URL: nowhere })
    expect(await exited(missing.child)).toBe(1)
    expect(missing.errors()).toContain("REDIS_URL can't be used")
  })

  it('says what is wrong with a setting and starts nothing', async () => {
    const stack = await startStack({ SWITCHYARD_DATA_DIR: await makeDataDir(), SWITCHYARD_API_KEY: 'sk-sy-too-short' })
    expect(await exited(stack.child)).toBe(1)
    expect(stack.errors()).toContain('SWITCHYARD_API_KEY must be')
    expect(stack.errors()).not.toContain('too-short')
    expect(await started(stack.dataDir)).toEqual([])
  })
})

describe('npm start', { timeout: 40_000 }, () => {
  it('passes on a SIGTERM that reaches npm alone', async () => {
    // npm's shell dies of it without a word to us; run-node.mjs notices that its starter is gone.
    const runNode = fileURLToPath(new URL('../start/run-node.mjs', import.meta.url))
    const directory = await makeDataDir()
    const script = `import { runNode } from ${JSON.stringify(runNode)}; runNode(${JSON.stringify(FAKE_STACK)}, [])`
    await promisify(execFile)(process.execPath, [
      '-e',
      `require('fs').writeFileSync(process.argv[1] + '/start.mjs', process.argv[2])`,
      directory,
      script,
    ])
    const shell = spawn('sh', ['-c', `"${process.execPath}" ${join(directory, 'start.mjs')}; true`], {
      env: {
        PATH: process.env.PATH,
        npm_lifecycle_event: 'start',
        SWITCHYARD_REDIS_SERVER: REDIS,
        SWITCHYARD_DATA_DIR: directory,
        PORT: String(await findFreePort()),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    shell.stdout?.on('data', (chunk) => (output += chunk))
    await vi.waitFor(() => expect(output).toContain('switchyard ready'), { timeout: 15_000, interval: 20 })
    const pids = [...(await allStarted(directory)).map(({ pid }) => pid), await redisPid(directory)]
    pids.push(Number(await readFile(join(directory, 'stack.pid'), 'utf8')))
    shell.kill('SIGTERM')
    await exited(shell)
    await expectGone(pids)
  })
})
