import { join } from 'node:path'
import { checkout } from './checkout.ts'
import type { Crew } from './crew.ts'
import type { Processes } from './load.ts'
import { descendants, environmentOf } from './process-facts.ts'
import { headersWith, PROVIDER_KEY, type Variant } from './variant.ts'

/** Variables of the shell that would change what is measured. */
const NOT_OURS = /^(OTEL_|SWITCHYARD_(?!REDIS_SERVER$)|LOG_LEVEL$|REDIS_URL$|NODE_OPTIONS$|CONTROL_PORT$)/

/**
 * What `npm start` runs, with the bench's catalog and a data directory of its own, in front of the simulator.
 *
 * @param options.otlpUrl where its spans go, every one of them; telemetry is off without it. `otlpJson`: as JSON, not protobuf
 */
export async function startSwitchyard(
  crew: Crew,
  simulatorUrl: string,
  options: { directory: string; otlpUrl?: string; otlpJson?: boolean; nodeOptions?: string[] },
): Promise<Variant> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_OURS.test(name)))
  const member = crew.start({
    name: 'switchyard',
    command: process.execPath,
    args: [checkout('infra/start/start.mjs')],
    env: {
      ...env,
      PORT: '0',
      CONTROL_PORT: '0',
      HOST: '127.0.0.1',
      SWITCHYARD_DATA_DIR: options.directory,
      SWITCHYARD_CATALOG: checkout('test/bench/catalog.yaml'),
      SWITCHYARD_SIMULATOR: 'off',
      // Held streams never end; nobody waits for them at the stop.
      SWITCHYARD_DRAIN_MS: '500',
      BENCH_SIMULATOR_URL: simulatorUrl,
      BENCH_PROVIDER_KEY: PROVIDER_KEY,
      ...(options.nodeOptions === undefined ? {} : { NODE_OPTIONS: options.nodeOptions.join(' ') }),
      ...(options.otlpUrl === undefined
        ? {}
        : { OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpUrl, OTEL_TRACES_SAMPLER: 'always_on' }),
      ...(options.otlpJson ? { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' } : {}),
    },
  })
  const [, origin = '', key = ''] = await member.line(/^switchyard ready (http\S+) key (\S+)/)
  return {
    target: { origin, path: '/v1/chat/completions', headers: headersWith(key) },
    processes: processesOf(member.pid),
    logFile: member.logFile,
    stop: () => member.stop(),
  }
}

/** The parts of a running stack. `other`: the supervisor, the background roles and the worker for suspects. */
function processesOf(stack: number): Processes {
  const found: Processes & { other: number[] } = { other: [stack] }
  for (const { pid, command } of descendants(stack)) {
    const name = partOf(pid, command)
    if (found[name] === undefined) found[name] = []
    found[name].push(pid)
  }
  for (const part of ['ingress', 'worker', 'redis'])
    if (found[part]?.length !== 1) throw new Error(`the stack has ${found[part]?.length ?? 'no'} ${part} processes`)
  return found
}

function partOf(pid: number, command: string): string {
  if (command.includes(join('ingress', 'src', 'main.ts'))) return 'ingress'
  if (/^\S*(redis|valkey)-server /.test(command)) return 'redis'
  const isWorker = command.includes(join('worker', 'src', 'main.ts'))
  return isWorker && environmentOf(pid, 'SWITCHYARD_WORKER_ROLE') !== 'suspect' ? 'worker' : 'other'
}
