import type { CallStop } from './call-stop.ts'

/** What a call of a race is told by. */
export interface Racer {
  /** It has something to show: true if it was the first, and may. */
  win(): boolean
}

interface Entrant {
  stop: CallStop | null
  racer: Racer | null
}

/**
 * Calls of one job, of which the first that has something to show wins; the others are ended at once. States: *open* → *won* by one, or
 * *closed* without a winner so far.
 */
export class Race {
  readonly #entrants: Entrant[] = []
  readonly #over = new AbortController()
  #winner: Entrant | null = null

  get winner(): Entrant | null {
    return this.#winner
  }

  /** Aborted once nobody else need enter. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Where the race was won meanwhile, it is ended before its call is made. */
  enter(entrant: Entrant): void {
    this.#entrants.push(entrant)
    entrant.racer = { win: () => this.#win(entrant) }
    if (this.#winner !== null) entrant.stop?.stop('outrun')
  }

  /** Whoever is running goes on; nobody else need enter. */
  close(): void {
    this.#over.abort()
  }

  #win(entrant: Entrant): boolean {
    if (this.#winner === null) {
      this.#winner = entrant
      this.#over.abort()
      for (const other of this.#entrants) if (other !== entrant) other.stop?.stop('outrun')
    }
    return this.#winner === entrant
  }
}
