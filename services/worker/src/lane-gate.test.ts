import type { Reservation, WaitingFor } from '@switchyard/limits/reserve'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLaneGate, type LaneGate, type Passage } from './lane-gate.ts'

const START = 1_790_000_000_000
const GRANTED: Reservation = { ok: true }

/** A booked slot so many ms from now. */
function slot(inMs: number, waitingFor: WaitingFor = 'tokens_per_minute'): Reservation {
  return { ok: false, slotAtMs: Date.now() + inMs, waitingFor }
}

let gate: LaneGate
/** How many more may be fetched. */
let left: number
let entered: number
beforeEach(() => {
  vi.useFakeTimers({ now: START })
  left = Number.POSITIVE_INFINITY
  entered = 0
  gate = createLaneGate({ allow })
  gate.setDeployments(['a'])
})
afterEach(() => {
  gate.stop()
  vi.useRealTimers()
})

function allow(deliveries: number): void {
  left = deliveries
}

const isOpen = () => left > 0

function enter(jobId = `job-${++entered}`): Passage {
  left--
  return gate.enter(jobId)
}

/** Lets in what may come in; each is answered so. Gives how many came. */
function letIn(reservation: () => Reservation, most = 1_000): number {
  let came = 0
  for (; isOpen() && came < most; came++) enter().answered('a', reservation())
  return came
}

describe('a lane with one deployment', () => {
  test('is open, to any number at once, as long as nobody is refused', () => {
    const passages = Array.from({ length: 200 }, () => enter())
    expect(isOpen()).toBe(true)
    for (const passage of passages) passage.answered('a', GRANTED)
    expect([isOpen(), gate.state()]).toEqual([true, null])
  })

  test('is closed until a second before its line ends, and says what it waits for', () => {
    enter().answered('a', slot(5_000))
    expect(isOpen()).toBe(false)
    expect(gate.state()).toEqual({ closedUntilMs: START + 4_000, waitingFor: 'tokens_per_minute' })
    vi.advanceTimersByTime(4_010)
    expect([isOpen(), gate.state()]).toEqual([true, null])
  })

  test('stays open for a line that is short, but lets in one after the other', () => {
    enter().answered('a', slot(600))
    expect(isOpen()).toBe(true)
    const next = enter()
    expect(isOpen()).toBe(false)
    next.answered('a', slot(800))
    expect(isOpen()).toBe(true)
    enter().answered('a', slot(1_200))
    expect(isOpen()).toBe(false)
    vi.advanceTimersByTime(250)
    expect(isOpen()).toBe(true)
  })

  test('doubles what it lets in with each that finds room, until it is open again', () => {
    enter().answered('a', slot(600))
    expect(letIn(() => GRANTED, 1)).toBe(1)
    const two = [enter(), enter()]
    expect(isOpen()).toBe(false)
    for (const passage of two) passage.answered('a', GRANTED)
    for (let i = 0; i < 10; i++) letIn(() => GRANTED, 10)
    Array.from({ length: 200 }, () => enter())
    expect(isOpen()).toBe(true)
  })

  test('counts who was on the way when it closed', () => {
    const onTheWay = [enter(), enter(), enter()]
    onTheWay[0]!.answered('a', slot(500))
    expect(isOpen()).toBe(false)
    onTheWay[1]!.left()
    onTheWay[2]!.answered('a', slot(700))
    expect(isOpen()).toBe(true)
  })

  test('lets the one in again that was put off, at its slot, and nobody else', () => {
    const booked = [enter('early'), enter('late')]
    for (const [i, inMs] of [3_000, 60_000].entries()) {
      booked[i]!.answered('a', slot(inMs))
      booked[i]!.putOff(START + inMs)
    }
    vi.advanceTimersByTime(1_010)
    // A look, as every now and then; the next would be after two seconds more.
    expect(letIn(() => slot(60_001))).toBe(1)
    vi.advanceTimersByTime(1_900)
    expect(isOpen()).toBe(false)
    vi.advanceTimersByTime(100)
    expect(isOpen()).toBe(true)
    enter('early').answered('a', GRANTED)
    // Its grant does not say that there is room for others.
    expect(isOpen()).toBe(false)
    expect(gate.state()).not.toBeNull()
  })

  test('keeps a handful of far slots; what came in too many goes back into the lane', () => {
    const onTheWay = Array.from({ length: 30 }, () => enter())
    for (const [i, passage] of onTheWay.entries()) passage.answered('a', slot(10_000 + 1_000 * i))
    expect(onTheWay.filter(({ isSurplus }) => !isSurplus)).toEqual(onTheWay.slice(0, 8))
    expect(gate.state()!.closedUntilMs).toBe(START + 16_000)
  })

  test('looks after 1, 2, 4 and then every 8 seconds whether it is still so', () => {
    enter().answered('a', slot(3_600_000, 'requests_per_day'))
    const looks: number[] = []
    for (let second = 0; second < 40; second++) {
      vi.advanceTimersByTime(1_000)
      if (letIn(() => slot(3_600_000)) > 0) looks.push(second)
    }
    expect(looks.length).toBeLessThanOrEqual(8)
    expect(looks.length).toBeGreaterThanOrEqual(6)
  })

  test('opens when a look finds room', () => {
    enter().answered('a', slot(3_600_000))
    vi.advanceTimersByTime(1_100)
    expect(letIn(() => GRANTED, 1)).toBe(1)
    expect([isOpen(), gate.state()]).toEqual([true, null])
  })

  test('lets two in for each that went elsewhere, until one stays', () => {
    for (const most of [1, 2, 4, 8, 16, 16]) {
      const came: Passage[] = []
      while (isOpen() && came.length < 100) came.push(enter())
      expect(came).toHaveLength(most === 1 ? 100 : most)
      for (const passage of came) passage.answered('a', slot(60_000))
      expect(isOpen()).toBe(false)
      for (const passage of came.slice(0, most)) {
        passage.movedOn()
        passage.left()
      }
    }
    const last = enter()
    last.answered('a', slot(60_000))
    last.putOff(START + 60_000)
    vi.advanceTimersByTime(100)
    expect(left).toBe(1)
  })

  test('lets one in for each call that ends, where calls in flight are what is full', () => {
    enter().answered('a', slot(30_000, 'in_flight'))
    gate.freed('other')
    expect(isOpen()).toBe(false)
    gate.freed('a')
    expect(letIn(() => slot(30_000, 'in_flight'))).toBe(1)
    expect(isOpen()).toBe(false)
  })

  test('is no matter of calls in flight where tokens are what is short', () => {
    enter().answered('a', slot(30_000))
    gate.freed('a')
    expect(isOpen()).toBe(false)
  })
})

describe('a lane with several deployments', () => {
  beforeEach(() => gate.setDeployments(['a', 'b']))

  test('is open as long as one of them has room', () => {
    enter().answered('a', slot(60_000))
    expect([isOpen(), gate.state()]).toEqual([true, null])
    enter().answered('b', slot(20_000, 'requests_per_minute'))
    expect(isOpen()).toBe(false)
    expect(gate.state()).toEqual({ closedUntilMs: START + 19_000, waitingFor: 'requests_per_minute' })
  })

  test('is open again when another one comes', () => {
    for (const name of ['a', 'b']) enter().answered(name, slot(60_000))
    expect(isOpen()).toBe(false)
    gate.setDeployments(['a', 'b', 'c'])
    expect(isOpen()).toBe(true)
  })
})

test('a lane that nobody stands for never closes', () => {
  gate.setDeployments([])
  enter().answered('a', slot(60_000))
  expect([isOpen(), gate.state()]).toEqual([true, null])
})

test('a shorter minute shortens everything', () => {
  gate.stop()
  gate = createLaneGate({ minuteMs: 6_000, allow })
  gate.setDeployments(['a'])
  enter().answered('a', slot(500))
  expect(gate.state()).toEqual({ closedUntilMs: START + 400, waitingFor: 'tokens_per_minute' })
})
