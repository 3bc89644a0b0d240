import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tokensOfLength } from './answer/count-tokens.ts'
import { promptHash, promptTokens } from './answer/measure-prompt.ts'
import { planRefusal } from './delivery/plan-answer.ts'
import { runDelivery } from './delivery/run-delivery.ts'
import type { Dialect, Opening, Turn } from './dialect.ts'
import type { Call, CallEnd } from './ledger/call.ts'
import { type PlannedCall, planCall } from './plan-call.ts'
import { readBody } from './read-body.ts'
import { Refusal } from './refusal.ts'
import type { SimulatorState } from './simulator-state.ts'

const MOST_BODY_BYTES = 64 * 1024 * 1024

/** One call of an upstream endpoint, from its first byte to its line in the ledger. */
export async function serveCall(
  state: SimulatorState,
  dialect: Dialect,
  request: IncomingMessage,
  response: ServerResponse,
  target: { path: string; query: URLSearchParams },
): Promise<void> {
  const body = await readBody(request, MOST_BODY_BYTES)
  if (body === 'gone') return
  const startMs = performance.now()
  const callId = state.ledger.newId()
  const opening: Opening = { request, ...target, callId, settings: state.models.settings }
  const opened = open(dialect, opening, body)
  const call = state.ledger.begin(newCall(dialect, opening, opened))
  follow(state, plan(state, dialect, opened, call), call, response, startMs)
}

type Opened =
  | { key: string; turn: Turn; refusal: null; tokens: number }
  | { key: string | null; turn: null; refusal: Refusal }

/** Checks key and body as the dialect does. */
function open(dialect: Dialect, opening: Opening, body: Buffer | 'too_large'): Opened {
  let key: string | null = null
  try {
    key = fingerprint(dialect.authenticate(opening))
    if (body === 'too_large') {
      throw dialect.refuse({ kind: 'body_too_large', mostBytes: MOST_BODY_BYTES }, opening.callId)
    }
    const turn = dialect.read(body, opening)
    return { key, turn, refusal: null, tokens: promptTokens(turn.prompt) }
  } catch (error) {
    if (error instanceof Refusal) return { key, turn: null, refusal: error }
    console.error('simulator: a call could not be read:', error)
    return { key, turn: null, refusal: dialect.refuse({ kind: 'status', status: 500 }, opening.callId) }
  }
}

function newCall(dialect: Dialect, opening: Opening, opened: Opened): Omit<Call, 'n'> {
  const clientRequestId = opening.request.headers['x-client-request-id']
  return {
    id: opening.callId,
    at: Date.now(),
    dialect: dialect.name,
    key: opened.key,
    model: opened.turn?.model ?? opened.refusal?.model ?? null,
    clientRequestId: typeof clientRequestId === 'string' ? clientRequestId.slice(0, 256) : null,
    stream: opened.turn?.stream ?? false,
    promptTokens: opened.turn === null ? 0 : opened.tokens,
    completionTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    bytesSent: 0,
    chunksSent: 0,
    status: null,
    fault: null,
    ended: 'in_flight',
    msToEnd: null,
    promptHash: opened.turn === null ? null : promptHash(opened.turn.prompt),
  }
}

/** A mistake of ours in an answer is the upstream's internal error, never a call without an end. */
function plan(state: SimulatorState, dialect: Dialect, opened: Opened, call: Call): PlannedCall {
  if (opened.turn === null) return refused(opened.refusal)
  try {
    return planCall(state, dialect, opened.turn, call)
  } catch (error) {
    console.error('simulator: a call could not be answered:', error)
    return refused(dialect.refuse({ kind: 'status', status: 500 }, call.id))
  }
}

function refused(refusal: Refusal): PlannedCall {
  return {
    plan: planRefusal(refusal.status, refusal.headers, refusal.body),
    endsAs: 'error',
    outputTokens: 0,
    admitted: false,
  }
}

/** Sends what was planned and keeps the ledger's line true meanwhile, whoever ends it. */
function follow(state: SimulatorState, planned: PlannedCall, call: Call, response: ServerResponse, startMs: number) {
  const { plan } = planned
  const total = plan.characters.reduce((sum, count) => sum + count, 0)
  let characters = 0

  function end(ended: CallEnd): void {
    if (call.ended !== 'in_flight') return
    const everything = characters >= total && plan.ending === 'end'
    call.completionTokens = everything
      ? planned.outputTokens
      : Math.min(planned.outputTokens, tokensOfLength(characters))
    if (planned.admitted) state.limiter.release(call.key ?? '', call.model ?? '')
    state.ledger.end(call, ended, Date.now())
  }

  response.once('close', () => end(response.writableFinished ? planned.endsAs : 'client_gone'))
  if (response.destroyed) end('client_gone')
  runDelivery(plan, response, startMs, {
    answering() {
      call.status = plan.status
    },
    sent(bytes, generated) {
      call.bytesSent += bytes
      if (generated > 0) {
        characters += generated
        call.chunksSent++
      }
    },
    breaking: () => end(planned.endsAs),
  })
}

const fingerprints = new Map<string, string>()
const MOST_FINGERPRINTS = 10_000

/** What the ledger shows of a key. */
function fingerprint(key: string): string {
  let known = fingerprints.get(key)
  if (known === undefined) {
    if (fingerprints.size >= MOST_FINGERPRINTS) fingerprints.clear()
    known = hash('sha256', key, 'hex').slice(0, 12)
    fingerprints.set(key, known)
  }
  return known
}
