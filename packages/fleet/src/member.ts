import { z } from 'zod'

/** An announcement is refreshed every 5 s and lapses 15 s after its last refresh, by the clock of Redis. */
export const REFRESH_MS = 5_000
export const LAPSE_MS = 15_000

const role = z.enum(['worker', 'ingress', 'background', 'suspect'])

const deployment = z.object({
  id: z.string(),
  /** Answered by the simulator, because no credential of the provider is set. */
  simulated: z.boolean(),
  /** Only those are announced whose credential is there; never the credential itself. */
  credential: z.literal('resolved'),
})

const facts = z.object({
  deployments: z.array(deployment),
  catalogRevision: z.string(),
  startedAtMs: z.number(),
  pid: z.number(),
  host: z.string(),
})

/** One process of the fleet, as it announced itself. What a newer version adds is ignored. */
export const member = facts.extend({ id: z.string(), role })

export type Role = z.infer<typeof role>
export type WorkerFacts = z.infer<typeof facts>
export type Member = z.infer<typeof member>

/** A member as it was read; null for one that this version does not understand. */
export function parseMember(json: string): Member | null {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return null
  }
  const parsed = member.safeParse(value)
  return parsed.success ? parsed.data : null
}
