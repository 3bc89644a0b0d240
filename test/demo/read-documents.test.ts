import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDependencyTexts, findFiles } from './find-files.ts'
import { decodeBeginning, readDocuments, spread } from './read-documents.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sy-demo-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(path: string, content: string | Buffer): Promise<void> {
  const file = join(folder, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, content)
}

describe('readDocuments', () => {
  it('takes each text once, and counts what it leaves out', async () => {
    await write('a.md', 'one')
    await write('b/c.txt', 'one')
    await write('b/d.txt', 'two')
    await write('e.md', ' \n')
    await write('f.png', Buffer.from([137, 80, 78, 71, 0, 1]))
    await write('g.txt', Buffer.from([0x63, 0x61, 0x66, 0xe9]))
    await write('.hidden/h.md', 'three')
    await write('node_modules/i.md', 'four')
    const read = await readDocuments(await findFiles(folder), folder, 10)
    expect(read).toEqual({
      documents: [
        { name: 'a.md', text: 'one' },
        { name: 'b/d.txt', text: 'two' },
      ],
      duplicates: 1,
      empty: 1,
      notText: 2,
    })
  })

  it('cuts a long text before a character, never within one', () => {
    const cut = Buffer.from('é'.repeat(20_000)).subarray(1, 24 * 1024 + 1)
    expect(decodeBeginning(cut)).toBeNull()
    expect(decodeBeginning(Buffer.from(`a${'é'.repeat(20_000)}`).subarray(0, 24 * 1024))).toBe(`a${'é'.repeat(12_287)}`)
  })
})

describe('findDependencyTexts', () => {
  it('finds READMEs and licences of packages, and follows no links', async () => {
    const store = 'node_modules/.pnpm'
    await write(`${store}/p@1/node_modules/p/README.md`, 'p')
    await write(`${store}/p@1/node_modules/p/index.js`, 'p')
    await write(`${store}/q@1/node_modules/@s/q/LICENSE`, 'q')
    await write(`${store}/q@1/node_modules/@s/q/licence.txt`, 'q')
    await symlink(join(folder, store, 'p@1/node_modules/p'), join(folder, store, 'q@1/node_modules/p'))
    expect(await findDependencyTexts(folder)).toEqual(
      ['p@1/node_modules/p/README.md', 'q@1/node_modules/@s/q/LICENSE', 'q@1/node_modules/@s/q/licence.txt'].map(
        (path) => join(folder, store, path),
      ),
    )
  })
})

describe('spread', () => {
  it('takes from the whole list, in order', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7])
    expect(spread([0, 1], 4)).toEqual([0, 1])
  })
})
