import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

const prelude = readFileSync(new URL('./lua/prelude.lua', import.meta.url), 'utf8')

/**
 * One script per transition, `lua/<name>.lua`, each behind the shared prelude (`alone`: without it, which it does not need). At maxmemory only new jobs are refused: running ones
 * must be able to end, and what has ended must be able to leave (https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags).
 */
function load(name: string, { refusedWhenFull = false, alone = false } = {}): Script {
  const text = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
  return defineScript(name, `${refusedWhenFull ? '' : '#!lua flags=allow-oom\n'}${alone ? '' : prelude}\n${text}`)
}

export const scripts = {
  create: load('create', { refusedWhenFull: true }),
  claim: load('claim'),
  begin: load('begin'),
  withdraw: load('withdraw'),
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
  append: load('append', { alone: true }),
  collect: load('collect'),
  archived: load('archived'),
  entomb: load('entomb'),
  erase: load('erase'),
  keep: load('keep'),
}
