/** What a deployment can do with a request. The words are those of the catalog file. */
export const CAPABILITIES = [
  'chat',
  'tools',
  'parallelTools',
  'jsonSchema',
  'jsonObject',
  'images',
  'imageUrls',
  'audio',
  'files',
  'fileIds',
  'logprobs',
  'reasoning',
  'prefill',
] as const

export type Capability = (typeof CAPABILITIES)[number]
export type Capabilities = Readonly<Record<Capability, boolean>>
