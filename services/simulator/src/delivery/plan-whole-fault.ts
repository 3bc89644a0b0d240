import type { FaultRule } from '../faults/fault-rule.ts'
import type { DeliveryPlan } from './delivery-plan.ts'
import { withLength } from './plan-fault.ts'

/** What an answer in one piece does that meets a fault of its own; faults of streams become their nearest kin. */
export function planWholeFault(plan: DeliveryPlan, body: string, fault: FaultRule): DeliveryPlan {
  const total = plan.characters[0] ?? 0
  const half = body.slice(0, Math.ceil(body.length / 2))
  const halfCharacters = Math.ceil(total / 2)
  switch (fault.kind) {
    case 'stall':
      return {
        ...plan,
        writes: [half, body.slice(half.length)],
        characters: [halfCharacters, total - halfCharacters],
        ...(fault.delayMs === undefined
          ? { writes: [half], characters: [halfCharacters], ending: 'hang' }
          : { pause: { before: 1, ms: fault.delayMs } }),
      }
    case 'cut':
    case 'reset':
      return { ...plan, writes: [half], characters: [halfCharacters], ending: fault.kind }
    case 'malformed':
    case 'no_terminal':
      return { ...withLength(plan, Buffer.byteLength(half)), writes: [half], characters: [halfCharacters] }
    case 'double_terminal':
      return { ...withLength(plan, Buffer.byteLength(body) * 2), writes: [body + body] }
    case 'invalid_utf8': {
      const spoilt = spoil(body)
      return { ...withLength(plan, spoilt.length), writes: [spoilt] }
    }
    case 'endless': {
      const headers = plan.headers.filter((_, i, all) => all[i & ~1] !== 'content-length')
      return {
        ...plan,
        headers,
        writes: [half],
        characters: [halfCharacters],
        ending: 'repeat',
        repeat: ' '.repeat(1024),
      }
    }
    default:
      return plan
  }
}

/** Two thirds of a euro sign at the beginning of the first string value. */
function spoil(body: string): Buffer {
  const bytes = Buffer.from(body)
  const at = bytes.indexOf('":"') + 3
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xe2, 0x82]), bytes.subarray(at)])
}
