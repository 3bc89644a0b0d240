import { describe, expect, it } from 'vitest'
import { openPage } from './page.ts'
import { reuse } from './reuse.ts'

const up = (name: string, value: 0 | 1) => `switchyard_source_up{source="${name}"} ${value}`

describe('openPage', () => {
  it('has what its sources give, and does not wait for one that is slow or fails', async () => {
    const told: string[] = []
    const page = openPage(
      [
        { name: 'good', read: async () => ({ switchyard_streams_open: [[[], 4]] }) },
        { name: 'more', read: async () => ({ switchyard_deferrals_total: [[['a.b'], 1]] }) },
        { name: 'silent', read: () => new Promise(() => {}) },
        { name: 'broken', read: () => Promise.reject(new Error('no Redis')) },
        {
          name: 'thrown',
          read: () => {
            throw new Error('a bug')
          },
        },
      ],
      (_error, source) => told.push(source),
      50,
    )
    const text = await page.render()
    expect(text).toContain('switchyard_streams_open 4\n')
    expect(text).toContain('switchyard_deferrals_total{lane="a.b"} 1\n')
    for (const name of ['good', 'more']) expect(text).toContain(up(name, 1))
    for (const name of ['silent', 'broken', 'thrown']) expect(text).toContain(up(name, 0))
    expect(told.sort()).toEqual(['broken', 'silent', 'thrown'])
  })

  it('reads its sources once for all who ask at the same time', async () => {
    let reads = 0
    const read = async () => ({ switchyard_streams_open: [[[], ++reads]] as [[string[], number]] })
    const page = openPage([{ name: 'one', read }], () => {})
    const pages = await Promise.all(Array.from({ length: 100 }, () => page.render()))
    expect(reads).toBe(1)
    expect(new Set(pages).size).toBe(1)
  })
})

describe('reuse', () => {
  it('asks anew when the answer is old, and after a failure', async () => {
    let asked = 0
    const always = reuse(async () => ++asked, 0)
    expect([await always(), await always()]).toEqual([1, 2])
    const failing = reuse(async () => {
      if (++asked < 5) throw new Error(`${asked}`)
      return asked
    }, 60_000)
    for (const message of ['3', '4']) await expect(failing()).rejects.toThrow(message)
    expect([await failing(), await failing()]).toEqual([5, 5])
  })
})
