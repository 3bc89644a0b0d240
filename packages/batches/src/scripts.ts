import { readFileSync } from 'node:fs'
import { defineScript, type Script } from '@switchyard/redis/script'

const prelude = readFileSync(new URL('./lua/prelude.lua', import.meta.url), 'utf8')

/** One script per transition, `lua/<name>.lua`. At maxmemory only new batches and new lines are refused: what runs must be able to end. */
function load(name: string, { refusedWhenFull = false } = {}): Script {
  const text = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
  return defineScript(`batch-${name}`, `${refusedWhenFull ? '' : '#!lua flags=allow-oom\n'}${prelude}\n${text}`)
}

export const scripts = {
  create: load('create', { refusedWhenFull: true }),
  read: load('read'),
  validated: load('validated'),
  take: load('take', { refusedWhenFull: true }),
  record: load('record'),
  segment: load('segment'),
  pause: load('pause'),
  cancel: load('cancel'),
  retry: load('retry'),
  close: load('close'),
  finish: load('finish'),
}
