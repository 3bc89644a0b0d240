import { expect, test } from 'vitest'
import { CallStop } from './call-stop.ts'
import { Race, type Racer } from './race.ts'

function entrant() {
  return { stop: new CallStop(new AbortController().signal), racer: null as Racer | null }
}

test('the first that has something to show wins, and ends the other', () => {
  const race = new Race()
  const [one, other] = [entrant(), entrant()]
  race.enter(one)
  race.enter(other)
  expect(race.over.aborted).toBe(false)
  expect([other.racer!.win(), one.racer!.win(), other.racer!.win()]).toEqual([true, false, true])
  expect([one.stop.reason, other.stop.reason]).toEqual(['outrun', null])
  expect([race.winner, race.over.aborted]).toEqual([other, true])
})

test('who comes after that is ended at once; who comes when the other has failed runs on', () => {
  const won = new Race()
  const [winner, late] = [entrant(), entrant()]
  won.enter(winner)
  winner.racer!.win()
  won.enter(late)
  expect(late.stop.reason).toBe('outrun')

  const closed = new Race()
  const [failed, heir] = [entrant(), entrant()]
  closed.enter(failed)
  closed.close()
  closed.enter(heir)
  expect([closed.over.aborted, heir.stop.reason, heir.racer!.win()]).toEqual([true, null, true])
})
