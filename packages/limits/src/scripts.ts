import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

function read(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
}

function load(...names: string[]): Script {
  return defineScript(names.at(-1)!, names.map(read).join('\n'))
}

export const scripts = {
  reserve: load('state', 'line', 'reserve'),
  reconcile: load('state', 'line', 'reconcile'),
  cancelBooking: load('state', 'line', 'cancel-booking'),
  renew: load('state', 'renew'),
  narrow: load('state', 'narrow'),
  snapshot: load('state', 'snapshot'),
}
