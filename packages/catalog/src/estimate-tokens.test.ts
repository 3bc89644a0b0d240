import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'
import { estimateTokens, tokenTally } from './estimate-tokens.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const digest = (text: string) => createHash('sha256').update(text).digest()
const repeat = (text: string, times: number) => Array(times).fill(text).join('')

describe('against a real tokenizer', () => {
  test.each([
    ['licence', read('../../../LICENSE')],
    ['TypeScript', read('./outcome.ts')],
    ['YAML', read('../../../infra/catalog.yaml')],
    ['JSON', read('../package.json')],
    // Of what is sent so: media, whose bytes look like chance.
    ['base64', Buffer.concat(Array.from({ length: 200 }, (_, i) => digest(String(i)))).toString('base64')],
    ['numbers', Array.from({ length: 500 }, (_, i) => (i * 7_919) % 100_000).join(', ')],
    ['indentation', repeat(`${' '.repeat(40)}x\n`, 50)],
    [
      'German',
      'Künstliche Intelligenz befasst sich mit der Automatisierung intelligenten Verhaltens und dem maschinellen Lernen.',
    ],
    [
      'Chinese',
      '人工智能是计算机科学的一个分支，它企图了解智能的实质，并生产出一种新的能以人类智能相似的方式做出反应的智能机器。',
    ],
    ['Japanese', '言語の理解や推論、問題解決などの知的行動を人間に代わってコンピュータに行わせる技術。'],
    ['Russian', 'Искусственный интеллект — это свойство интеллектуальных систем выполнять творческие функции.'],
    ['Arabic', 'الذكاء الاصطناعي هو سلوك وخصائص معينة تتسم بها البرامج الحاسوبية.'],
    [
      'Korean',
      '인공지능은 인간의 학습능력, 추론능력, 지각능력을 인공적으로 구현하려는 컴퓨터 과학의 세부분야 중 하나이다.',
    ],
    ['emoji', repeat('great 🚀😀 ', 20)],
  ])('%s', (_name, text) => {
    const ratio = estimateTokens(text) / encode(text).length
    expect(ratio).toBeGreaterThan(0.7)
    expect(ratio).toBeLessThan(1.5)
  })
})

test('nothing is nothing', () => expect(estimateTokens('')).toBe(0))

test('long texts are sampled and come out the same', () => {
  const text = repeat(read('./outcome.ts'), 40)
  const exact = (estimateTokens(read('./outcome.ts')) * text.length) / read('./outcome.ts').length
  expect(text.length).toBeGreaterThan(200_000)
  expect(Math.abs(estimateTokens(text) / exact - 1)).toBeLessThan(0.05)
})

test('many texts are added up, the later ones at the rate of the earlier', () => {
  const tally = tokenTally()
  const text = read('./outcome.ts')
  for (let i = 0; i < 100; i++) tally.add(text)
  expect(Math.abs(tally.total() / (100 * estimateTokens(text)) - 1)).toBeLessThan(0.01)
  expect(tokenTally().total()).toBe(0)
})
