import fc from 'fast-check'
import { expect, it } from 'vitest'
import { attachmentHeader, cleanFilename } from './clean-filename.ts'

it.each([
  ['input.jsonl', 'input.jsonl'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\in put.jsonl', 'in put.jsonl'],
  ['a\0b\r\nc.txt', 'abc.txt'],
  ['invoice\u202efdp.exe', 'invoicefdp.exe'],
  ['Überblick ☃ 文書.jsonl', 'Überblick ☃ 文書.jsonl'],
  ['x'.repeat(4_096), 'x'.repeat(255)],
  ['', 'file'],
  ['..', 'file'],
  ['folder/', 'file'],
  ['  ', 'file'],
  ['CON', 'CON'],
])('%j is shown as %j', (given, shown) => {
  expect(cleanFilename(given)).toBe(shown)
})

it('makes a header of any name that says this name and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (given) => {
      const name = cleanFilename(given)
      const header = attachmentHeader(name)
      const parts = /^attachment; filename="[\w.-]+"; filename\*=UTF-8''([\w.!~%-]+)$/.exec(header)
      expect(decodeURIComponent(parts![1]!)).toBe(name)
    }),
  )
})
