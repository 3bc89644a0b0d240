/** An answer that is no success, ready to be sent. Dialects throw it while they read a request. Headers are flat pairs, content type included. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: string[]
  readonly body: string
  /** For the ledger: which model was asked for, where that could be read. */
  model: string | null = null

  constructor(status: number, body: string, headers: string[]) {
    super(`refused with ${status}`)
    this.name = 'Refusal'
    this.status = status
    this.headers = headers
    this.body = body
  }
}
