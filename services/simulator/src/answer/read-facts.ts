import { findLicence } from './find-licence.ts'

/** What can be read off a text without understanding it. */
export interface Facts {
  text: string
  title: string
  sentences: string[]
  words: number
  licence: string | null
  names: string[]
  numbers: number[]
}

/** Patterns look no further than this many characters into a text; only words are counted to its end. */
const LOOK_AT = 20_000
const MOST = 8

/** Capitalised words in a row, without the one that only begins the sentence. */
const NAME =
  /\b(?!(?:A|An|And|At|But|By|Copyright|For|From|If|In|It|On|Released|See|That|The|This|To|With|Written)\b)[A-Z][a-zà-ÿ]+(?:[ '-][A-Z][a-zà-ÿ]+)+\b/g

/** Reads title, sentences, names, numbers, licence and word count. The same text always gives the same facts. */
export function readFacts(text: string): Facts {
  const head = text.length > LOOK_AT ? text.slice(0, LOOK_AT) : text
  const title = findTitle(head)
  return {
    text,
    title,
    sentences: findSentences(head, title),
    words: countWords(text),
    licence: findLicence(head),
    names: unique(head.match(NAME) ?? []),
    numbers: unique(head.match(/(?<![\w.])\d{1,15}(?:\.\d{1,6})?(?![\w])/g) ?? []).map(Number),
  }
}

function findTitle(text: string): string {
  const heading = /^#{1,6}\s+(.+?)\s*#*$/m.exec(text) ?? /^title:\s*(.+)$/im.exec(text)
  const line = heading?.[1] ?? text.split('\n').find((candidate) => /\w/.test(candidate)) ?? ''
  return shorten(stripMarkup(line), 120)
}

/** Prose only: headings, badges, lists of links and fenced code are passed over. */
function findSentences(text: string, title: string): string[] {
  const prose = text
    .replace(/```[\s\S]*?(```|$)/g, ' ')
    .split('\n')
    .filter((line) => !/^\s*(#|\[!|!\[|<|\||[-=*_]{3,})/.test(line))
    .map(stripMarkup)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim()
  const sentences = prose.slice(0, 4_000).match(/[^.!?]+(?:[.!?]+(?=\s|$)|$|[.!?](?=\S))+/g) ?? []
  const found = sentences.map((sentence) => shorten(sentence.trim(), 300)).filter((sentence) => /\w/.test(sentence))
  return found.length > 0 ? found.slice(0, 5) : [title].filter((sentence) => sentence !== '')
}

function stripMarkup(line: string): string {
  return line
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]{1,200}>/g, '')
    .replace(/[`*]{1,3}|__/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

function countWords(text: string): number {
  let words = 0
  let inside = false
  for (let i = 0; i < text.length; i++) {
    const blank = text.charCodeAt(i) <= 32
    if (!blank && !inside) words++
    inside = !blank
  }
  return words
}

function unique(found: string[]): string[] {
  return [...new Set(found)].slice(0, MOST)
}

function shorten(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).trimEnd()}…`
}
