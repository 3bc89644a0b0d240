import { createHmac } from 'node:crypto'

/** How a receiver's secret came about and until when the one before it counts; the secret itself is nowhere. */
export interface SecretVersion {
  version: number
  /** Epoch ms until which signatures with the version before are sent too; null: there is none, or it counts no more. */
  previousUntilMs: number | null
}

const PREFIX = 'whsec_'

/**
 * The signing secret of a receiver (32 bytes, Standard Webhooks' form), derived, so that Redis never holds one: who knows the master
 * knows them all, who has a copy of Redis knows none. `owner` is an endpoint's id, or `default:<project>`.
 */
export function deriveSecret(master: string, owner: string, version: number): string {
  if (master.length < 32) throw new Error('the master secret is too short to sign with')
  return PREFIX + createHmac('sha256', master).update(`webhook|${owner}|${version}`).digest('base64')
}

/** Every secret that counts now, the newest first. */
export function secretsNow(master: string, owner: string, secret: SecretVersion, nowMs: number): string[] {
  const versions = [secret.version]
  if (secret.previousUntilMs !== null && nowMs < secret.previousUntilMs) versions.push(secret.version - 1)
  return versions.map((version) => deriveSecret(master, owner, version))
}

/** What a person needs to tell two secrets apart: the last four characters. */
export function secretHint(secret: string): string {
  return `${PREFIX}…${secret.replace(/=+$/, '').slice(-4)}`
}

/** Whose secret signs what goes to URLs that jobs bring. */
export function defaultOwner(project: string): string {
  return `default:${project}`
}
