import { INSPECTABLE } from './inspector.ts'
import { measureFirstToken, pacedStreams } from './measure-first-token.ts'
import { measureLoad } from './measure-load.ts'
import { measureSaturation, STREAMED, WHOLE } from './measure-saturation.ts'
import { profileSwitchyard } from './profile-switchyard.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'
import { VARIANTS, type Variant, type VariantName } from './variant.ts'

/** Of each kind of load. Gateways run for weeks: what counts is code that is compiled, and a second's load leaves much of it to do. */
const WARM_MS = 5_000

/** Starts every variant, warms each, and measures them beside each other: paced streams and saturation. */
export async function measureVariants(rig: Rig): Promise<void> {
  const { sections, rounds, variants, profile } = rig.options
  const running = new Map<VariantName, Variant>()
  try {
    for (const name of VARIANTS) {
      if (!variants.has(name)) continue
      rig.say(`starting ${name}`)
      const variant = await startVariant(name, rig, profile === null ? [] : INSPECTABLE)
      if (variant === null) rig.say(`${name} is not installed and left out`)
      else running.set(name, variant)
    }
    for (const [name, variant] of running) {
      rig.say(`warming ${name}`)
      for (const shape of [WHOLE, STREAMED, pacedStreams(50)])
        await measureLoad(rig, `${name}, warming`, variant, { ...shape, windowMs: WARM_MS })
    }
    for (let round = 0; round < rounds; round++) {
      if (sections.has('ttft')) {
        rig.say(`first token, round ${round + 1}`)
        await measureFirstToken(rig, running, round)
      }
      if (sections.has('saturation')) {
        rig.say(`saturation, round ${round + 1}`)
        await measureSaturation(rig, [...running], round)
      }
    }
    const switchyard = running.get('switchyard')
    if (profile !== null && switchyard !== undefined) await profileSwitchyard(rig, switchyard, profile)
  } finally {
    await Promise.all([...running.values()].map((variant) => variant.stop()))
  }
}
