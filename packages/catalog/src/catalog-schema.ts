import { ROUTE_POLICIES } from '@switchyard/contract/job'
import { z } from 'zod'
import { CAPABILITIES } from './capabilities.ts'
import { PROVIDER_KINDS } from './kind-capabilities.ts'

/** The catalog file as written (interface.md §2). Unknown keys are refused: they would be ignored otherwise. */

const positive = z.int('must be a positive whole number').positive('must be a positive whole number')
const nonNegative = z.number('must be a number').nonnegative('must not be negative')
const text = z.string('must be text').min(1, 'must not be empty').max(256, 'is too long')

const NAME = /^[a-zA-Z0-9._-]{1,64}$/
const NAME_RULE = 'a name is 1 to 64 of a-z, A-Z, 0-9, dot, underscore and hyphen'
const name = z.string().regex(NAME, NAME_RULE)
const classNameRule = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a class name is 1 to 64 of a-z, A-Z, 0-9, underscore and hyphen')
// Lanes are named class.provider and class.provider.batch, which must not meet.
const providerName = name.refine((key) => !key.endsWith('.batch'), 'a provider name may not end with .batch')

const duration = z
  .string('must be a time with its unit, such as 500ms, 30s or 10m')
  .regex(/^\d{1,9}(ms|s|m)$/, 'must be a time with its unit, such as 500ms, 30s or 10m')
  .transform((value) => Number.parseInt(value, 10) * (value.endsWith('ms') ? 1 : value.endsWith('s') ? 1000 : 60_000))
  .refine((ms) => ms > 0 && ms <= 86_400_000, 'must be more than 0 and at most a day')

const baseUrl = text.superRefine((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    context.addIssue('must be an http or https URL')
  } else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    context.addIssue('must be a plain URL: no user, password, query or fragment')
  }
})

const API_KEY_RULE = `must name a variable, as in "\${OPENAI_API_KEY}", or be none`

const provider = z.strictObject({
  kind: z.enum(PROVIDER_KINDS, `must be one of ${PROVIDER_KINDS.join(', ')}`),
  baseUrl: baseUrl.optional(),
  // Never the key itself: the file is shared and logged, and only workers may know keys.
  apiKey: z.string(API_KEY_RULE).regex(/^(none|\$\{[A-Za-z_][A-Za-z0-9_]*\})$/, API_KEY_RULE),
})

const slots = z.strictObject({ concurrency: positive.optional() }).nullish()
const modelClass = z.strictObject({ interactive: slots, batch: slots }).nullish()

const deployment = z.strictObject({
  provider: text,
  class: text,
  model: text,
  api: z.enum(['chat', 'responses'], 'must be chat or responses').optional(),
  streams: z.boolean('must be true or false').optional(),
  region: text.optional(),
  weight: positive.optional(),
  contextWindow: positive.optional(),
  maxOutput: positive.optional(),
  capabilities: z.partialRecord(z.enum(CAPABILITIES), z.boolean('must be true or false')).optional(),
  unsupported: z.array(text).max(100).optional(),
  limits: z
    .strictObject({
      rpm: positive.optional(),
      tpm: positive.optional(),
      itpm: positive.optional(),
      otpm: positive.optional(),
      rpd: positive.optional(),
      inFlight: positive.optional(),
    })
    .nullish(),
  timeouts: z
    .strictObject({ firstToken: duration.optional(), idle: duration.optional(), total: duration.optional() })
    .nullish(),
  breaker: z.strictObject({ failures: positive.optional(), open: duration.optional() }).nullish(),
  price: z
    .strictObject({
      inputPerMTok: nonNegative,
      cachedInputPerMTok: nonNegative.optional(),
      cacheWritePerMTok: nonNegative.optional(),
      cacheWriteLongPerMTok: nonNegative.optional(),
      outputPerMTok: nonNegative,
    })
    .optional(),
  scores: z
    .record(
      name,
      z.number('must be between 0 and 1').min(0, 'must be between 0 and 1').max(1, 'must be between 0 and 1'),
    )
    .optional(),
  typical: z
    .strictObject({
      firstToken: duration.optional(),
      tokensPerSecond: z.number('must be a number').positive('must be more than 0').optional(),
    })
    .nullish(),
  nativeBatch: z.boolean('must be true or false').optional(),
  promptCache: z.enum(['breakpoints', 'automatic', 'none'], 'must be breakpoints, automatic or none').optional(),
})

const hop = z.union(
  [text, z.array(text).min(1, 'must name at least one deployment').max(20, 'groups at most 20 deployments')],
  'must be a deployment or a list of deployments',
)

const model = z
  .strictObject({
    route: z.array(hop).min(1, 'must name at least one deployment').max(20, 'has at most 20 hops').optional(),
    policy: z.enum(ROUTE_POLICIES, `must be one of ${ROUTE_POLICIES.join(', ')}`).optional(),
    candidates: z.array(text).min(1, 'must name at least one deployment').max(50).optional(),
    tasks: z.record(name, text).optional(),
    hedge: z.boolean('must be true or false').optional(),
  })
  .superRefine((entry, context) => {
    if ((entry.route === undefined) === (entry.candidates === undefined)) {
      context.addIssue('must have either a route or candidates')
    } else if (entry.route !== undefined && (entry.policy ?? 'ordered') !== 'ordered') {
      context.addIssue(`policy ${entry.policy} chooses among candidates; a route is always ordered`)
    }
    if (entry.hedge && (entry.route ?? entry.candidates ?? []).flat().length < 2) {
      context.addIssue('hedge asks a second deployment, so there must be one')
    }
  })

export const catalogSchema = z.strictObject({
  providers: z.record(providerName, provider),
  classes: z.record(classNameRule, modelClass),
  deployments: z.record(name, deployment),
  models: z.record(name, model),
})

export type CatalogFile = z.infer<typeof catalogSchema>
export type DeploymentInFile = CatalogFile['deployments'][string]
