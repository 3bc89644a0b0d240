import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { faultRule } from '../faults/fault-rule.ts'
import { modelSettings } from '../limits/model-settings.ts'
import { readBody } from '../read-body.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { sendJson } from './send-json.ts'
import { streamLedger } from './stream-ledger.ts'

const MOST_BODY_BYTES = 16 * 1024 * 1024

const ledgerQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200_000).default(10_000),
  model: z.string().optional(),
  clientRequestId: z.string().optional(),
})

/** A control answer: status and JSON body. */
type Reply = [status: number, body: unknown]

/**
 * The endpoints under `/control`: JSON in and out, no key. They steer the simulator, never a call that already began.
 *
 * - `POST faults` (`fault-rule.ts`) → `{id}`; `GET faults` → `{faults}` with `fired` and `left`; `DELETE faults[/:id]`
 * - `PUT models/:model` (any of `model-settings.ts`; `*`: what models without their own have); `GET models`
 * - `GET ledger?after&limit&model&clientRequestId` → `{calls, next}` (`call.ts`)
 * - `GET events?model&clientRequestId`: every begin and end of a call, as it happens
 * - `POST reset`: no faults, default settings, empty ledger, limits and prompt cache
 */
export async function handleControl(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
  target: { path: string; query: URLSearchParams },
): Promise<void> {
  const body = await readBody(request, MOST_BODY_BYTES)
  if (body === 'gone') return
  if (body === 'too_large') {
    sendJson(response, 413, fault(`The body is larger than ${MOST_BODY_BYTES} bytes.`))
    return
  }
  const [, , resource = '', ...rest] = target.path.split('/')
  const name = rest.length === 0 ? null : decode(rest.join('/'))
  const query = Object.fromEntries(target.query)
  if (request.method === 'GET' && resource === 'events') {
    const parsed = ledgerQuery.safeParse(query)
    if (parsed.success) streamLedger(state.ledger, response, parsed.data)
    else sendJson(response, 400, fault(z.prettifyError(parsed.error)))
    return
  }
  const [status, answer] = reply(state, `${request.method} ${resource}`, name, query, body)
  sendJson(response, status, answer)
}

function reply(
  state: SimulatorState,
  endpoint: string,
  name: string | null,
  query: Record<string, string>,
  body: Buffer,
): Reply {
  switch (endpoint) {
    case 'POST faults':
      return parse(faultRule, readJson(body), (rule) => {
        const id = state.faults.add(rule)
        return id === null ? [409, fault('There are too many fault rules; delete some.')] : [200, { id }]
      })
    case 'GET faults':
      return [200, { faults: state.faults.list() }]
    case 'DELETE faults':
      if (name === null) state.faults.clear()
      else if (!state.faults.remove(name)) return [404, fault(`There is no fault rule ${name}.`)]
      return [200, { deleted: name ?? 'all' }]
    case 'PUT models':
      if (name === null) return [404, fault('Name a model, or * for all of them: PUT /control/models/:model.')]
      return parse(modelSettings.partial(), readJson(body), (change) =>
        state.models.change(name, change)
          ? [200, { model: name, ...(name === '*' ? state.models.list().defaults : state.models.settings(name)) }]
          : [409, fault('There are too many models with settings of their own.')],
      )
    case 'GET models':
      return [200, state.models.list()]
    case 'GET ledger':
      return parse(ledgerQuery, query, (checked) => [200, state.ledger.query(checked)])
    case 'POST reset':
      state.faults.clear()
      state.models.clear()
      state.ledger.clear()
      state.limiter.clear()
      state.promptCache.clear()
      return [200, { reset: true }]
    default:
      return [404, fault(`There is no control endpoint ${endpoint}.`)]
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, then: (value: T) => Reply): Reply {
  const parsed = schema.safeParse(value)
  return parsed.success ? then(parsed.data) : [400, fault(z.prettifyError(parsed.error))]
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}')
  } catch {
    return undefined
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function fault(message: string) {
  return { error: { message } }
}
