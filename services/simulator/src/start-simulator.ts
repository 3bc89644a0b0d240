import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startLedgerFile } from './ledger/ledger-file.ts'
import { routeRequest } from './route-request.ts'
import { createSimulatorState } from './simulator-state.ts'

/** Callers keep connections open for as long as they like: a server that closes idle ones races with their next call. */
const KEEP_ALIVE_MS = 600_000

export interface SimulatorOptions {
  /** 0: any free one. */
  port?: number
  host?: string
  /** JSONL file to which every begin and end of a call is appended. */
  ledgerPath?: string
}

export interface RunningSimulator {
  url: string
  /** Drops every connection at once. Safe twice. */
  stop(): Promise<void>
}

/**
 * Starts one simulator with a state of its own.
 *
 * @throws when the port is taken or the ledger file can't be opened
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const state = createSimulatorState()
  const file = options.ledgerPath === undefined ? null : await startLedgerFile(options.ledgerPath, state.ledger)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    routeRequest(state, request, response).catch((error: unknown) => {
      console.error('simulator: a request failed:', error)
      response.destroy()
    })
  })
  const host = options.host ?? '127.0.0.1'
  server.listen(options.port ?? 0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let stopped: Promise<void> | undefined
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    stop() {
      stopped ??= new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }).then(() => file?.stop())
      return stopped
    },
  }
}
