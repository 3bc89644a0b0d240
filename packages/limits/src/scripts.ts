import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

function read(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
}

/** At maxmemory too: what was accepted must be able to run. What it writes is of the same size again and again. */
function define(name: string, lua: string): Script {
  return defineScript(name, `#!lua flags=allow-oom\n${lua}`)
}

/** A script on the limiter's state. `careful`, see lua/state.lua, gives what its parts name; it is made at once where it is needed. */
function onState(name: string, parts: string[], names: string[]): Script {
  const careful = [
    'local function careful()',
    ...parts.map(read),
    `return { ${names.map((one) => `${one} = ${one}`).join(', ')} }`,
    'end',
    'local care = nil',
    'if turned or S[WAITING] > 0 then care = careful() end',
  ]
  return define(name, [read('clock'), read('state'), ...careful, read(name)].join('\n'))
}

export const scripts = {
  reserve: onState('reserve', ['cells', 'line', 'ask'], ['plan', 'save', 'holds', 'ask']),
  reconcile: onState(
    'reconcile',
    ['cells', 'line', 'learn'],
    ['plan', 'add', 'save', 'bookings_of', 'unbook', 'succeed', 'state', 'keep_learnt'],
  ),
  cancelBooking: onState('cancel-booking', ['cells', 'line'], ['save', 'bookings_of', 'unbook']),
  narrow: onState('narrow', ['cells', 'learn'], ['save', 'lower', 'keep_learnt']),
  snapshot: onState('snapshot', ['cells'], []),
  renew: define('renew', `${read('clock')}\n${read('renew')}`),
}
