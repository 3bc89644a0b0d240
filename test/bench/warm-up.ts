import { pacedStreams } from './measure-first-token.ts'
import { measureLoad } from './measure-load.ts'
import { STREAMED, WHOLE } from './measure-saturation.ts'
import type { Rig } from './rig.ts'
import type { Variant } from './variant.ts'

/**
 * Of each kind of load. Gateways run for weeks, so compiled code is what counts: after half of this the compiler still takes an eighth
 * of Switchyard's CPU and a thirtieth of the bare path's, after all of it a thirtieth of both.
 */
const WARM_MS = 20_000

/** Loads one variant as it is going to be measured, and notes nothing but failures. Resolves to how many answers it gave. */
export async function warmUp(rig: Rig, name: string, variant: Variant): Promise<number> {
  rig.say(`warming ${name}`)
  let answers = 0
  for (const shape of [WHOLE, STREAMED, pacedStreams(50)]) {
    const { answered } = await measureLoad(rig, `${name}, warming`, variant, { ...shape, windowMs: WARM_MS })
    answers += answered
  }
  return answers
}
