/** A stretch of the run, in documents that have ended, during which one simulated provider answers every call with 529. */
export interface Outage {
  /** To be told after every document. */
  documentsEnded(count: number): void
  /** What it did, for the table; null where it never began. */
  end(): Promise<{ failedCalls: number } | null>
}

const PROVIDER = 'anthropic'
const FAULT = { kind: 'status', dialect: PROVIDER, status: 529 }
/** Rows come in bursts, some hundred calls behind: an outage that waited for the first would meet the last calls only. */
const FROM = 0
const TO = 0.3

/**
 * An outage over the first part of `total` documents, through the simulator's control endpoints. It follows progress and not the
 * clock, so that it happens on fast and slow machines alike.
 */
export function planOutage(simulatorUrl: string, total: number, say: (line: string) => void): Outage {
  const from = Math.floor(total * FROM)
  const to = Math.ceil(total * TO)
  let fault: Promise<string> | null = null
  let over: Promise<number> | null = null

  function stop(): Promise<number> | null {
    if (fault !== null) over ??= fault.then((id) => removeFault(simulatorUrl, id))
    return over
  }

  return {
    documentsEnded(count) {
      if (fault === null && count >= from) {
        say(`${PROVIDER} (simulated) fails from now on: every call is answered 529`)
        fault = addFault(simulatorUrl)
        fault.catch(() => {})
      } else if (over === null && count >= to) {
        say(`${PROVIDER} (simulated) works again`)
        stop()?.catch(() => {})
      }
    },
    async end() {
      const failedCalls = await stop()
      return failedCalls === null ? null : { failedCalls }
    },
  }
}

async function addFault(url: string): Promise<string> {
  return ((await control(url, 'POST', '', FAULT)) as { id: string }).id
}

/** How many calls it met. */
async function removeFault(url: string, id: string): Promise<number> {
  const { faults } = (await control(url, 'GET', '')) as { faults: { id: string; fired: number }[] }
  await control(url, 'DELETE', `/${id}`)
  return faults.find((fault) => fault.id === id)?.fired ?? 0
}

async function control(url: string, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${url}/control/faults${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!response.ok) throw new Error(`the simulator refused ${method}: ${await response.text()}`)
  return response.json()
}
