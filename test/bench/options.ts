import { parseArgs } from 'node:util'
import { VARIANTS, type VariantName } from './variant.ts'

export const SECTIONS = [
  'ttft',
  'saturation',
  'telemetry',
  'memory',
  'lanes',
  'webhooks',
  'batches',
  'routing',
  'waits',
] as const
export type Section = (typeof SECTIONS)[number]

export interface BenchOptions {
  sections: ReadonlySet<Section>
  variants: ReadonlySet<VariantName>
  rounds: number
  /** Windows are this much of their full length. */
  scale: number
  /** Streams held open while memory is measured. */
  heldStreams: number
  /** File for the report; null: only to standard output. */
  out: string | null
  /** The Node that runs Portkey's gateway; ours, unless told otherwise. */
  portkeyNode: string
  /** Directory for CPU profiles of ingress and worker; null: none are taken. */
  profile: string | null
}

export const USAGE = `npm run bench -- [options]
  --quick             one short round, to see that everything works; its figures mean little
  --rounds N          3
  --only a,b          of ${SECTIONS.join(', ')}
  --variants a,b      of ${VARIANTS.join(', ')}
  --out FILE          also write the report to a file
  --portkey-node PATH runs Portkey on another Node than ours
  --profile DIRECTORY after the rounds, CPU profiles of ingress and worker under load`

/** Throws with a sentence that says what is wrong with the arguments. */
export function readOptions(args: string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      variants: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string' },
      'portkey-node': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new Error('--rounds must be 1 to 20')
  return {
    sections: choices('--only', values.only, SECTIONS),
    variants: choices('--variants', values.variants, VARIANTS),
    rounds,
    scale: values.quick ? 0.3 : 1,
    heldStreams: values.quick ? 300 : 2_000,
    out: values.out ?? null,
    portkeyNode: values['portkey-node'] ?? process.execPath,
    profile: values.profile ?? null,
  }
}

function choices<Name extends string>(option: string, given: string | undefined, names: readonly Name[]): Set<Name> {
  if (given === undefined) return new Set(names)
  const chosen = given.split(',').map((text) => {
    const name = names.find((known) => known === text.trim())
    if (name === undefined) throw new Error(`${option}: ${text} is not one of ${names.join(', ')}`)
    return name
  })
  return new Set(chosen)
}
