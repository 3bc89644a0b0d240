import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allot, type Contender, newTurns } from './allot.ts'

function contender(batchId: string, project: string, room: number, cost = 100, lane = 'l'): Contender {
  return { batchId, project, room, cost, lane }
}

describe('allot', () => {
  it('gives the huge batch of a project no more than the small ones of another', () => {
    const given = allot([contender('huge', 'a', 400), contender('small', 'b', 10)], new Map([['l', 20]]), newTurns())
    expect([...given]).toEqual([
      ['huge', 10],
      ['small', 10],
    ])
  })

  it('shares among the batches of one project line by line', () => {
    const given = allot([contender('x', 'a', 400), contender('y', 'a', 400)], new Map([['l', 10]]), newTurns())
    expect(given).toEqual(
      new Map([
        ['x', 5],
        ['y', 5],
      ]),
    )
  })

  it('counts tokens between projects, not lines', () => {
    const turns = newTurns()
    const given = allot(
      [contender('long', 'a', 400, 900), contender('short', 'b', 400, 100)],
      new Map([['l', 40]]),
      turns,
    )
    expect(given).toEqual(
      new Map([
        ['long', 4],
        ['short', 36],
      ]),
    )
  })

  it('goes on where it stopped', () => {
    const turns = newTurns()
    const all = ['a', 'b', 'c'].map((project) => contender(`of-${project}`, project, 5))
    const winners = [1, 2, 3, 4].map(() => [...allot(all, new Map([['l', 1]]), turns).keys()][0])
    expect(winners).toEqual(['of-a', 'of-b', 'of-c', 'of-a'])
  })

  it('never gives more than there is room for, and leaves no room that somebody could use', () => {
    const contenders = fc.uniqueArray(
      fc.record({
        batchId: fc.stringMatching(/^[a-z]{1,3}$/),
        project: fc.constantFrom('a', 'b', 'c'),
        room: fc.nat(9),
        cost: fc.integer({ min: 1, max: 5_000 }),
        lane: fc.constantFrom('l', 'm'),
      }),
      { selector: ({ batchId }) => batchId },
    )
    fc.assert(
      fc.property(contenders, fc.nat(20), fc.nat(20), (all, l, m) => {
        const room = new Map([
          ['l', l],
          ['m', m],
        ])
        const given = allot(all, room, newTurns())
        for (const [lane, most] of room) {
          const own = all.filter((one) => one.lane === lane)
          const taken = own.reduce((sum, { batchId }) => sum + (given.get(batchId) ?? 0), 0)
          expect(taken).toBe(
            Math.min(
              most,
              own.reduce((sum, one) => sum + one.room, 0),
            ),
          )
          for (const one of own) expect(given.get(one.batchId) ?? 0).toBeLessThanOrEqual(one.room)
        }
      }),
    )
  })
})
