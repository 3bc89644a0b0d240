import type { Answer } from './answer/answer.ts'
import { composeAnswer } from './answer/compose-answer.ts'
import { countTokens } from './answer/count-tokens.ts'
import type { DeliveryPlan } from './delivery/delivery-plan.ts'
import { planRefusal, planStream, planWhole } from './delivery/plan-answer.ts'
import { bodyText, planCommonFault } from './delivery/plan-fault.ts'
import { planStreamFault } from './delivery/plan-stream-fault.ts'
import { planWholeFault } from './delivery/plan-whole-fault.ts'
import type { Dialect, Trouble, Turn } from './dialect.ts'
import type { FaultRule } from './faults/fault-rule.ts'
import type { Call, CallEnd } from './ledger/call.ts'
import type { ModelSettings } from './limits/model-settings.ts'
import type { SimulatorState } from './simulator-state.ts'

export interface PlannedCall {
  plan: DeliveryPlan
  /** How the call ends when nothing comes between. */
  endsAs: CallEnd
  outputTokens: number
  /** It holds an in-flight slot. */
  admitted: boolean
}

/**
 * What happens to a valid call: the context window and the limits first, as at a real edge, then the answer, then the fault
 * whose turn it is. Fills in what the ledger's line learns on the way.
 */
export function planCall(state: SimulatorState, dialect: Dialect, turn: Turn, call: Call): PlannedCall {
  const own = state.models.settings(turn.model)
  const refuse = (trouble: Trouble, endsAs: CallEnd, admitted: boolean, body: string | null = null): PlannedCall => {
    const refusal = dialect.refuse(trouble, call.id)
    const plan = planRefusal(refusal.status, refusal.headers, body ?? refusal.body)
    return { plan, endsAs, outputTokens: 0, admitted }
  }

  const window = own.contextWindow ?? turn.contextWindow
  if (call.promptTokens > window) {
    return refuse({ kind: 'context_length', model: turn.model, tokens: call.promptTokens, window }, 'error', false)
  }
  const answer = answerTurn(turn, call, own.chunks)
  const tokens = answer.usage.input + answer.usage.output
  const admission = state.limiter.admit(call.key ?? '', turn.model, tokens, own)
  if ('scope' in admission) return refuse({ kind: 'rate_limited', model: turn.model, ...admission }, 'error', false)

  const fault = state.faults.take({ dialect: dialect.name, model: turn.model, stream: turn.stream })
  call.fault = fault?.kind ?? null
  const endsAs: CallEnd = fault === null ? 'complete' : `fault:${fault.kind}`
  if (fault?.kind === 'status' || (fault?.kind === 'error_event' && !turn.stream)) {
    const { status = 500, message, retryAfter, delayMs = 0 } = fault
    const planned = refuse({ kind: 'status', status, message, retryAfter }, endsAs, true, bodyText(fault))
    return { ...planned, plan: { ...planned.plan, firstMs: delayMs } }
  }

  const settings = usePromptCache(state, turn, call, answer, own)
  const told = fault === null ? answer : { ...answer, usage: toldUsage(answer, fault) }
  const headers = [
    'content-type',
    turn.contentType,
    ...dialect.headers(admission, call.id, Math.ceil(settings.firstTokenMs)),
  ]
  const outputTokens = answer.usage.output

  if (turn.stream) {
    const script = turn.script(told, call.id)
    const plan = planStream(script, headers, settings)
    if (fault === null) return { plan, endsAs, outputTokens, admitted: true }
    const common = planCommonFault(plan, fault, strayBody(turn, answer, call.id))
    return { plan: common ?? planStreamFault(plan, script, fault), endsAs, outputTokens, admitted: true }
  }
  const huge = fault?.kind === 'huge_chunk' ? inflate(told, fault) : told
  const body = turn.whole(huge, call.id)
  const plan = planWhole(body, huge, headers, settings)
  if (fault === null) return { plan, endsAs, outputTokens, admitted: true }
  const common = planCommonFault(plan, fault, strayBody(turn, answer, call.id))
  return { plan: common ?? planWholeFault(plan, body, fault), endsAs, outputTokens, admitted: true }
}

const NOTHING = { input: 0, cached: 0, cacheWrite: 0, cacheWriteLong: 0, output: 0, reasoning: 0 }

/** Fills in what the prompt cache gave and took; the settings that come back have the first token as late as what had to be read makes it. */
function usePromptCache(
  state: SimulatorState,
  turn: Turn,
  call: Call,
  { usage }: Answer,
  settings: ModelSettings,
): ModelSettings {
  if (turn.cache && call.promptTokens >= turn.cache.rules.minTokens) {
    const { rules, blocks } = turn.cache
    const firstMs = settings.firstTokenMs + (call.promptTokens / 1_000) * settings.readMsPerKTok
    const { cached, written, writtenLong } = state.promptCache.use(
      `${call.key} ${turn.model}`,
      blocks(),
      rules,
      call.promptTokens,
      firstMs,
    )
    usage.cached = cached
    usage.cacheWrite = written
    usage.cacheWriteLong = writtenLong
    call.cachedTokens = cached
    call.cacheWriteTokens = written
  }
  const readMs = ((usage.input - usage.cached) / 1_000) * settings.readMsPerKTok
  return readMs === 0 ? settings : { ...settings, firstTokenMs: settings.firstTokenMs + readMs }
}

function answerTurn(turn: Turn, call: Call, chunks: number | null): Answer {
  const usage = { ...NOTHING, input: call.promptTokens }
  const { copies } = turn
  if (!turn.generates) return { parts: [], finish: 'stop', stopSequence: null, chunks: null, copies, usage }
  const composed = composeAnswer(turn.prompt, chunks, call.id.slice(4))
  for (const part of composed.parts) {
    const tokens = countTokens(part.text) * copies
    usage.output += tokens
    if (part.kind === 'reasoning') usage.reasoning += tokens
  }
  return { ...composed, copies, usage }
}

function toldUsage(answer: Answer, fault: FaultRule): Answer['usage'] {
  if (fault.kind === 'zero_usage') return NOTHING
  if (fault.kind === 'negative_usage')
    return { ...answer.usage, input: -answer.usage.input, output: -answer.usage.output }
  return answer.usage
}

/** An answer that nobody asked for; whoever takes it for theirs shows it. */
function strayBody(turn: Turn, answer: Answer, callId: string): string {
  return turn.whole(
    { ...answer, parts: [{ kind: 'text', text: `stray answer after ${callId}` }], finish: 'stop' },
    callId,
  )
}

function inflate(answer: Answer, fault: FaultRule): Answer {
  return { ...answer, parts: [{ kind: 'text', text: 'x'.repeat(fault.bytes ?? 50 * 1024 * 1024) }] }
}
