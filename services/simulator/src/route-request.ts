import type { IncomingMessage, ServerResponse } from 'node:http'
import { anthropic } from './anthropic/anthropic.ts'
import { handleControl } from './control/handle-control.ts'
import { sendJson } from './control/send-json.ts'
import type { Dialect } from './dialect.ts'
import { google } from './google/google.ts'
import { openai } from './openai/openai.ts'
import { Refusal } from './refusal.ts'
import { serveCall } from './serve-call.ts'
import type { SimulatorState } from './simulator-state.ts'

const DIALECTS: Dialect[] = [openai, anthropic, google]

/** Hands a request to the dialect whose prefix it has, or to the control endpoints. */
export async function routeRequest(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const dialect = DIALECTS.find(({ prefix }) => path.startsWith(prefix))
  if (dialect === undefined) {
    if (path === '/healthz') sendJson(response, 200, { status: 'ok' })
    else if (path.startsWith('/control/')) await handleControl(state, request, response, { path, query })
    else sendJson(response, 404, { error: { message: `There is nothing at ${request.method} ${path}` } })
    return
  }
  if (request.method === 'POST' && dialect.takesCalls(path)) {
    await serveCall(state, dialect, request, response, { path, query })
    return
  }
  request.resume()
  const answer = readResource(state, dialect, request, { path, query })
  response.writeHead(answer.status, answer.headers).end(answer.body)
}

function readResource(
  state: SimulatorState,
  dialect: Dialect,
  request: IncomingMessage,
  target: { path: string; query: URLSearchParams },
): { status: number; headers: string[]; body: string } {
  const callId = state.ledger.newId()
  const { path } = target
  try {
    dialect.authenticate({ request, ...target, callId, settings: state.models.settings })
    const body = request.method === 'GET' ? dialect.resource(path) : null
    if (body !== null) return { status: 200, headers: ['content-type', 'application/json'], body }
    throw dialect.refuse({ kind: 'not_found', method: request.method ?? '', path }, callId)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error
  }
}
