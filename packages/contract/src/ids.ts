import { randomFillSync } from 'node:crypto'

/** Jobs hash into this many partitions; every key of a job carries its partition as the hash tag. Never change it on a live store. */
export const PARTITIONS = 64

/** Random bytes for many ids at a time: asking for those of one takes longer than making it. Each is used once. */
const pool = Buffer.alloc(4_096)
let used = pool.length

/** Where in the pool so many fresh bytes stand. */
function draw(bytes: number): number {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return used - bytes
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 26 characters of Crockford base 32: 48 bits of time in ms, then 80 random bits; sorts by time (ULID, https://github.com/ulid/spec). */
export function newUlid(nowMs: number = Date.now()): string {
  let time = ''
  let rest = nowMs
  for (let i = 0; i < 10; i++) {
    time = CROCKFORD[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  let random = ''
  for (let at = draw(16), end = at + 16; at < end; at++) random += CROCKFORD[pool[at]! & 31]
  return time + random
}

/** 12 characters, 72 random bits: marks one call of a script, so that its repeat is known. */
export function newToken(): string {
  const at = draw(9)
  return pool.toString('base64url', at, at + 9)
}

export function newJobId(nowMs?: number): string {
  return `job_${newUlid(nowMs)}`
}

/** When a job id was made, epoch ms by the clock of its ingress. */
export function timeOfJobId(jobId: string): number {
  let time = 0
  for (const digit of jobId.slice(4, 14)) time = time * 32 + CROCKFORD.indexOf(digit)
  return time
}

const JOB_ID = /^job_[0-9A-HJKMNP-TV-Z]{26}$/

/** Malformed ids are treated as unknown ones before any key is built from them. */
export function isJobId(text: string): boolean {
  return JOB_ID.test(text)
}

/** `p00` … `p63`: which partition keeps this job. FNV-1a over the id, so every process agrees without asking. */
export function partitionOf(jobId: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < jobId.length; i++) {
    hash ^= jobId.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return partitionName((hash >>> 0) % PARTITIONS)
}

export function partitionName(index: number): string {
  return `p${index.toString().padStart(2, '0')}`
}

/** The id of one call upstream, sent as `x-client-request-id`: what our ledger and the provider's have in common. */
export function attemptId(jobId: string, attempt: number): string {
  return `${jobId}.${attempt}`
}
