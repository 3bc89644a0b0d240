import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Stack, startStack } from '../harness/stack.ts'

/** Where the demo runs. */
export interface DemoStack {
  url: string
  key: string
  /** Base of the simulator's control endpoints; null where real providers answer, or where nobody told its address. */
  simulatorUrl: string | null
  /** The end of the stack's log, for when something went wrong; of a stack that is not ours, nothing. */
  logTail(): string
  /** Stops the stack if the demo started it. */
  stop(): Promise<void>
}

const PATIENCE_MS = 2000
const LOG_LINES = 30

/**
 * The stack that `SWITCHYARD_URL` names; else the one of this checkout that runs already; else a new one with its own port and
 * data. Throws where a stack was named and does not answer.
 */
export async function findStack(root: string, env: NodeJS.ProcessEnv): Promise<DemoStack> {
  const key = env.SWITCHYARD_API_KEY || (await kept(root, env, 'api-key'))
  const named = env.SWITCHYARD_URL?.replace(/\/+$/, '')
  if (named) {
    if (!key) throw new Error('SWITCHYARD_URL needs SWITCHYARD_API_KEY beside it')
    const answer = await ask(named, key)
    if (answer !== 'welcome') throw new Error(`SWITCHYARD_URL=${named}: ${answer}`)
    return running(named, key, env)
  }
  const usual = `http://127.0.0.1:${env.PORT || 8080}`
  if (key && (await ask(usual, key)) === 'welcome') {
    const simulator = env.SWITCHYARD_SIMULATOR_URL || (await kept(root, env, 'simulator-url'))
    return running(usual, key, { ...env, SWITCHYARD_SIMULATOR_URL: simulator })
  }
  return started(await startStack())
}

function running(url: string, key: string, env: NodeJS.ProcessEnv): DemoStack {
  return {
    url,
    key,
    simulatorUrl: env.SWITCHYARD_SIMULATOR_URL?.replace(/\/+$/, '') || null,
    logTail: () => '',
    async stop() {},
  }
}

function started(stack: Stack): DemoStack {
  return {
    url: stack.url,
    key: stack.key,
    simulatorUrl: stack.simulator.url || null,
    logTail: () => stack.log().split('\n').slice(-LOG_LINES).join('\n'),
    async stop() {
      await stack.stop()
    },
  }
}

/** What `npm start` keeps in its data directory: the key that it made, the simulator's address. */
async function kept(
  root: string,
  env: NodeJS.ProcessEnv,
  name: 'api-key' | 'simulator-url',
): Promise<string | undefined> {
  const file = join(resolve(root, env.SWITCHYARD_DATA_DIR || '.data'), name)
  return (await readFile(file, 'utf8').catch(() => '')).trim() || undefined
}

/** Whether somebody answers there who knows the key, or why not. */
async function ask(url: string, key: string): Promise<string> {
  try {
    const response = await fetch(`${url}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.body?.cancel()
    return response.ok ? 'welcome' : `answers ${response.status}`
  } catch (error) {
    const { message, cause } = error as Error
    return `does not answer (${cause instanceof Error ? cause.message : message})`
  }
}
