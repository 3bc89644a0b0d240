/** SPDX names (https://spdx.org/licenses/) by the words that give them away, the more particular first. */
const LICENCES: [RegExp, string][] = [
  [/\bapache(?:[- ]| license,? )(?:version )?2(?:\.0)?\b|apache license/i, 'Apache-2.0'],
  [/\bblue ?oak/i, 'BlueOak-1.0.0'],
  [/\bbsd-3-clause\b|\b3-clause bsd\b|neither the name/i, 'BSD-3-Clause'],
  [/\b0bsd\b/i, '0BSD'],
  [/\bbsd(?:-2-clause| licen[sc]e)?\b|redistributions of source code/i, 'BSD-2-Clause'],
  [/\bagpl|affero general public/i, 'AGPL-3.0'],
  [/\blgpl|lesser general public/i, 'LGPL-3.0'],
  [/\bgpl(?:-?v?3)?\b|gnu general public/i, 'GPL-3.0'],
  [/\bmpl-2\.0\b|mozilla public/i, 'MPL-2.0'],
  [/\bisc\b|permission to use, copy, modify, and\/or distribute/i, 'ISC'],
  [/\bcc0\b|creative commons zero/i, 'CC0-1.0'],
  [/\bcc[- ]by(?:-4\.0)?\b|creative commons attribution/i, 'CC-BY-4.0'],
  [/\bunlicense\b|released into the public domain/i, 'Unlicense'],
  [/\bMIT\b|permission is hereby granted, free of charge/, 'MIT'],
]

/** The licence a text names or quotes, as its SPDX name; null when it names none. */
export function findLicence(text: string): string | null {
  return LICENCES.find(([words]) => words.test(text))?.[1] ?? null
}
