import { BrokerError } from '../broker-error.ts'
import type { ErrorCode } from '../error-table.ts'
import { jsonPath } from './json-path.ts'

/**
 * The whole rule of what bodies we take, slowly and exactly: RFC 8259 JSON without duplicate keys, without the keys that
 * reach an object's prototype, with text that is Unicode and numbers that a double holds. The quick door (read-json.ts) comes
 * here when something looks wrong, to be told what and where. About 20 ns per byte; expects a screened depth.
 */
export function explainJson(bytes: Buffer): BrokerError | null {
  const reader = new Reader(bytes)
  try {
    reader.space()
    reader.value()
    reader.space()
    if (reader.at < bytes.length) reader.fail('invalid_json', 'something follows the JSON document')
    return null
  } catch (problem) {
    if (BrokerError.is(problem)) return problem
    throw problem
  }
}

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word))
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const LONGEST_NUMBER = 64

class Reader {
  at = 0
  readonly #bytes: Buffer
  readonly #path: (string | number)[] = []

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  fail(code: ErrorCode, what: string, offset: number = this.at): never {
    const param = jsonPath(this.#path)
    throw new BrokerError(code, `The body can't be read: ${what} (offset ${offset}).`, param === '' ? {} : { param })
  }

  space(): void {
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return
      this.at++
    }
  }

  value(): void {
    const byte = this.#bytes[this.at]
    if (byte === undefined) this.fail('invalid_json', 'it ends too early')
    if (byte === 123) this.#object()
    else if (byte === 91) this.#array()
    else if (byte === 34) this.#string()
    else {
      const word = LITERALS.find((literal) => this.#bytes.subarray(this.at, this.at + literal.length).equals(literal))
      if (word) this.at += word.length
      else this.#number()
    }
  }

  #object(): void {
    const seen = new Set<string>()
    this.at++
    this.space()
    if (this.#takes(125)) return
    for (;;) {
      const offset = this.at
      if (this.#bytes[this.at] !== 34) this.fail('invalid_json', 'a key is expected')
      const key = this.#string()
      const parent = this.#path.at(-1)
      this.#path.push(key)
      if (seen.has(key)) this.fail('invalid_json', 'a key is given twice', offset)
      if (key === '__proto__' || (key === 'prototype' && parent === 'constructor')) {
        this.fail('invalid_json', 'a key is not allowed', offset)
      }
      seen.add(key)
      this.space()
      if (!this.#takes(58)) this.fail('invalid_json', 'a colon is expected')
      this.space()
      this.value()
      this.#path.pop()
      this.space()
      if (this.#takes(125)) return
      if (!this.#takes(44)) this.fail('invalid_json', 'a comma or a closing brace is expected')
      this.space()
    }
  }

  #array(): void {
    this.at++
    this.space()
    if (this.#takes(93)) return
    for (let index = 0; ; index++) {
      this.#path.push(index)
      this.value()
      this.#path.pop()
      this.space()
      if (this.#takes(93)) return
      if (!this.#takes(44)) this.fail('invalid_json', 'a comma or a closing bracket is expected')
      this.space()
    }
  }

  #string(): string {
    const start = this.at++
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) this.fail('invalid_json', 'a string does not end')
      if (byte === 34) break
      if (byte === 92) this.#escape()
      else if (byte === 0) this.fail('invalid_encoding', 'a string holds a NUL character')
      else if (byte < 32) this.fail('invalid_json', 'a string holds a control character')
      else this.at++
    }
    this.at++
    return JSON.parse(this.#bytes.toString('utf8', start, this.at)) as string
  }

  #escape(): void {
    const kind = this.#bytes[this.at + 1] ?? 0
    if (kind !== 117) {
      if (!'"\\/bfnrt'.includes(String.fromCharCode(kind))) this.fail('invalid_json', 'an escape is not valid')
      this.at += 2
      return
    }
    const unit = this.#codeUnit(this.at)
    if (unit === 0) this.fail('invalid_encoding', 'a string holds a NUL character')
    if (unit >= 0xdc00 && unit <= 0xdfff) this.fail('invalid_encoding', 'a string holds half of a surrogate pair')
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const follows = this.#bytes[this.at + 6] === 92 && this.#bytes[this.at + 7] === 117
      const low = follows ? this.#codeUnit(this.at + 6) : 0
      if (low < 0xdc00 || low > 0xdfff) this.fail('invalid_encoding', 'a string holds half of a surrogate pair')
      this.at += 6
    }
    this.at += 6
  }

  #codeUnit(at: number): number {
    const digits = this.#bytes.toString('latin1', at + 2, at + 6)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('invalid_json', 'an escape is not valid', at)
    return Number.parseInt(digits, 16)
  }

  #number(): void {
    const start = this.at
    while (/[-+.0-9eE]/.test(String.fromCharCode(this.#bytes[this.at] ?? 0))) {
      if (this.at - start >= LONGEST_NUMBER) this.fail('invalid_value', 'a number is too long', start)
      this.at++
    }
    const text = this.#bytes.toString('latin1', start, this.at)
    if (!NUMBER.test(text)) this.fail('invalid_json', 'a value is expected', start)
    const value = Number(text)
    const zero = !/[1-9]/.test(text.split(/e/i)[0]!)
    if (!Number.isFinite(value) || (value === 0 && !zero)) this.fail('invalid_value', 'a number is out of range', start)
    if (Object.is(value, -0)) this.fail('invalid_value', 'a number is a negative zero', start)
    if (/^-?[0-9]+$/.test(text) && !Number.isSafeInteger(value)) {
      this.fail('invalid_value', 'an integer is too large to be exact', start)
    }
  }

  #takes(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }
}
