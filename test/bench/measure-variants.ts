import { INSPECTABLE } from './inspector.ts'
import { measureFirstToken } from './measure-first-token.ts'
import { measureSaturation } from './measure-saturation.ts'
import { profileSwitchyard } from './profile-switchyard.ts'
import type { Rig } from './rig.ts'
import { startVariant } from './start-variant.ts'
import { VARIANTS, type Variant, type VariantName } from './variant.ts'
import { warmUp } from './warm-up.ts'

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
    for (const [name, variant] of running) await warmUp(rig, name, variant)
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
