import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

const prelude = readFileSync(new URL('./lua/prelude.lua', import.meta.url), 'utf8')

/** Events are owed and deliveries must be able to end, so a full Redis refuses only what callers ask for: endpoints and tests. */
function load(name: string, { refusedWhenFull = false } = {}): Script {
  const text = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
  return defineScript(`webhooks-${name}`, `${refusedWhenFull ? '' : '#!lua flags=allow-oom\n'}${prelude}\n${text}`)
}

export const scripts = {
  record: load('record'),
  take: load('take'),
  end: load('end'),
  redeliver: load('redeliver'),
  putEndpoint: load('put-endpoint', { refusedWhenFull: true }),
  deleteEndpoint: load('delete-endpoint'),
  test: load('test', { refusedWhenFull: true }),
}
