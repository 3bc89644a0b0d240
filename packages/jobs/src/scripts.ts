import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

const prelude = readFileSync(new URL('./lua/prelude.lua', import.meta.url), 'utf8')

/** One script per transition, `lua/<name>.lua`, each behind the shared prelude. */
function load(name: string): Script {
  return defineScript(name, `${prelude}\n${readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')}`)
}

export const scripts = {
  create: load('create'),
  claim: load('claim'),
  begin: load('begin'),
  endAttempt: load('end-attempt'),
  restart: load('restart'),
  release: load('release'),
  advance: load('advance'),
  settle: load('settle'),
  renew: load('renew'),
  attach: load('attach'),
  detach: load('detach'),
  refreshReaders: load('refresh-readers'),
  look: load('look'),
  archived: load('archived'),
}
