import { readFileSync } from 'node:fs'
import { defineScript } from '@switchyard/redis/script'

function onBreakers(name: string) {
  const [machine, step] = ['breaker', name].map((part) =>
    readFileSync(new URL(`./lua/${part}.lua`, import.meta.url), 'utf8'),
  )
  return defineScript(`health-${name}`, `${machine}\n${step}`)
}

export const scripts = {
  fail: onBreakers('fail'),
  judge: onBreakers('judge'),
  claim: onBreakers('claim'),
  renew: onBreakers('renew'),
  flush: onBreakers('flush'),
  read: onBreakers('read'),
}
