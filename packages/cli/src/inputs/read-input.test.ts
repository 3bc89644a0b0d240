import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePdf } from '../testing/make-pdf.ts'
import { UsageError } from '../usage-error.ts'
import { findInputs } from './find-inputs.ts'
import { readInput } from './read-input.ts'
import type { Reading } from './reading.ts'

const MOST_BYTES = 10_000
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-inputs-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

async function names(...given: string[]): Promise<string[]> {
  return (await findInputs(given, folder)).map(({ name }) => name)
}

async function readAll(...given: string[]): Promise<Reading[]> {
  const readings: Reading[] = []
  for (const input of await findInputs(given, folder)) {
    for await (const reading of readInput(input, MOST_BYTES)) readings.push(reading)
  }
  return readings
}

describe('what is found', () => {
  it('is everything below a folder, sorted, without hidden files and node_modules', async () => {
    await put({
      'docs/b.md': 'b',
      'docs/a/c.md': 'c',
      'docs/.git/x': 'x',
      'docs/.env': 'x',
      'docs/node_modules/y': 'y',
    })
    expect(await names('docs')).toEqual(['a/c.md', 'b.md'])
  })

  it('is each file once, by the working directory, where several things are given', async () => {
    await put({ 'docs/a.md': 'a', 'docs/b.txt': 'b', 'other/c.md': 'c' })
    expect(await names('docs', 'docs/a.md', '*/*.md')).toEqual(['docs/a.md', 'docs/b.txt', 'other/c.md'])
  })

  it('by a glob leaves out what is hidden', async () => {
    await put({ 'docs/a.md': 'a', 'docs/.b.md': 'b', 'docs/node_modules/c/d.md': 'd' })
    expect(await names('docs/**/*.md')).toEqual(['docs/a.md'])
  })

  it.each(['nowhere', '*.nothing', 'empty'])('is an error where %s leads to no file', async (given) => {
    await mkdir(join(folder, 'empty'))
    await expect(names(given)).rejects.toThrow(UsageError)
  })
})

describe('what is read', () => {
  it('is text and images as documents, and by name what is neither', async () => {
    await put({
      'a.md': 'some text',
      'b.png': PNG,
      'c.bin': Buffer.from([1, 0, 2]),
      'd.txt': ' \n',
      'e.txt': Buffer.from([0xff]),
    })
    await symlink(join(folder, 'a.md'), join(folder, 'f.md'))
    expect(await readAll('.')).toEqual([
      { kind: 'document', name: 'a.md', parts: [{ type: 'text', text: 'some text' }] },
      {
        kind: 'document',
        name: 'b.png',
        parts: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG.toString('base64')}` } }],
      },
      { kind: 'skipped', name: 'c.bin', why: 'is binary' },
      { kind: 'skipped', name: 'd.txt', why: 'is empty' },
      { kind: 'skipped', name: 'e.txt', why: 'is binary' },
      { kind: 'skipped', name: 'f.md', why: 'is a link or no regular file' },
    ])
  })

  it('is rejected with its size where it is too large', async () => {
    await put({ 'a.md': 'x'.repeat(MOST_BYTES), 'b.md': 'x'.repeat(MOST_BYTES + 1) })
    const [fits, large] = await readAll('.')
    expect(fits?.kind).toBe('document')
    expect(large).toMatchObject({ kind: 'rejected', name: 'b.md', why: expect.stringContaining('10001 bytes') })
  })

  it('is a document or a request of each line of JSONL', async () => {
    const request = { custom_id: 'mine', method: 'POST', url: '/v1/responses', body: { input: 'x' } }
    await put({ 'a.jsonl': `${JSON.stringify(request)}\r\n\n{"n":1}\n[1]\nsecret{\n` })
    const readings = await readAll('a.jsonl')
    expect(readings).toEqual([
      { kind: 'request', name: 'mine', request },
      { kind: 'document', name: 'a.jsonl#3', parts: [{ type: 'text', text: '{"n":1}' }] },
      { kind: 'rejected', name: 'a.jsonl#4', why: 'is not a JSON object' },
      { kind: 'rejected', name: 'a.jsonl#5', why: 'is not JSON' },
    ])
  })

  it("is a PDF's text by page, and an image of the page that has none", async () => {
    await put({ 'a.pdf': makePdf(['first page', '', 'third page']) })
    const [reading] = await readAll('a.pdf')
    if (reading?.kind !== 'document') throw new Error(JSON.stringify(reading))
    const [first, scan, third] = reading.parts
    expect([first, third]).toEqual([
      { type: 'text', text: 'first page' },
      { type: 'text', text: 'third page' },
    ])
    const url = scan?.type === 'image_url' ? scan.image_url.url : ''
    const png = Buffer.from(url.replace('data:image/png;base64,', ''), 'base64')
    // Width of a PNG: 200 points at twice the size.
    expect(png.readUInt32BE(16)).toBe(400)
  })

  it('is rejected where it says that it is a PDF and is none', async () => {
    await put({ 'a.pdf': '%PDF-1.4 and then nothing' })
    expect(await readAll('a.pdf')).toMatchObject([{ kind: 'rejected', why: expect.stringContaining("can't be read") }])
  })
})
