import type { StreamScript } from '../dialect.ts'
import type { FaultRule } from '../faults/fault-rule.ts'
import type { DeliveryPlan } from './delivery-plan.ts'
import { HUGE_BYTES } from './plan-fault.ts'

/** What a stream does that meets a fault of its own; `plan` is the faultless one, which any other fault leaves as it is. */
export function planStreamFault(plan: DeliveryPlan, script: StreamScript, fault: FaultRule): DeliveryPlan {
  const after = Math.min(fault.afterChunks ?? 1, script.chunks.length)
  const lead = beginning(script, after)
  const leadCharacters = lead.map((_, i) => (i < after ? script.characters[i]! : 0))
  const broken = (ending: DeliveryPlan['ending'], ...more: (string | Buffer)[]): DeliveryPlan => ({
    ...plan,
    writes: [...lead, ...more],
    characters: [...leadCharacters, ...more.map(() => 0)],
    ending,
  })
  /** Something put between two chunks of a stream that then goes on to its proper end. */
  const inserted = (...more: (string | Buffer)[]): DeliveryPlan => {
    const rest = script.chunks.slice(after)
    return {
      ...plan,
      writes: [...lead, ...more, ...rest, script.finish + script.terminal],
      characters: [...leadCharacters, ...more.map(() => 0), ...script.characters.slice(after), 0],
    }
  }
  switch (fault.kind) {
    case 'stall':
      return fault.delayMs === undefined ? broken('hang') : { ...plan, pause: { before: after, ms: fault.delayMs } }
    case 'cut':
      return broken('cut')
    case 'reset':
      return broken('reset')
    case 'error_event':
      return broken('end', script.error(fault.message))
    case 'malformed':
      return inserted('data: {"choices": [{"delta": {"content": "no end\n\n')
    case 'invalid_utf8':
      return inserted(...halfCharacter(script.more('€')))
    case 'huge_chunk':
      return inserted(script.more('x'.repeat(fault.bytes ?? HUGE_BYTES)))
    case 'no_terminal':
    case 'double_terminal': {
      const terminal = fault.kind === 'no_terminal' ? '' : script.terminal + script.terminal
      const writes = [...beginning(script, script.chunks.length), script.finish + terminal]
      return { ...plan, writes, characters: writes.map((_, i) => script.characters[i] ?? 0) }
    }
    case 'endless': {
      const all = fault.afterChunks === undefined ? script.chunks.length : after
      const writes = beginning(script, all)
      const characters = writes.map((_, i) => (i < all ? script.characters[i]! : 0))
      return { ...plan, writes, characters, ending: 'repeat', repeat: script.more('and so on ') }
    }
    default:
      return plan
  }
}

/** The writes of the first `count` chunks, head included. */
function beginning(script: StreamScript, count: number): string[] {
  if (count === 0) return script.head === '' ? [] : [script.head]
  return script.chunks.slice(0, count).with(0, script.head + script.chunks[0])
}

/** An event with a euro sign whose last byte is missing, in two writes that part inside of it. */
function halfCharacter(event: string): Buffer[] {
  const bytes = Buffer.from(event)
  const sign = bytes.indexOf('€')
  return [bytes.subarray(0, sign + 1), Buffer.concat([bytes.subarray(sign + 1, sign + 2), bytes.subarray(sign + 3)])]
}
