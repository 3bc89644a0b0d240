import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

const prelude = readFileSync(new URL('./lua/prelude.lua', import.meta.url), 'utf8')

function load(name: string): Script {
  return defineScript(name, `${prelude}\n${readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')}`)
}

export const scripts = {
  reserve: load('reserve'),
  reconcile: load('reconcile'),
  cancelBooking: load('cancel-booking'),
  renew: load('renew'),
  narrow: load('narrow'),
  snapshot: load('snapshot'),
}
