import { expect, it } from 'vitest'
import type { Catalog, Deployment } from './catalog.ts'
import { laneQuotas } from './lane-quota.ts'

function catalogOf(...deployments: { class: string; limits: Deployment['limits'] }[]): Catalog {
  const provider = { name: 'acme' }
  return {
    deployments: new Map(deployments.map((each, i) => [`d${i}`, { ...each, name: `d${i}`, provider }])),
  } as unknown as Catalog
}

it('adds up what the deployments of a lane allow, batches a little less of it', () => {
  const quotas = laneQuotas(
    catalogOf(
      { class: 'fast', limits: { rpm: 600, tpm: 60_000 } },
      { class: 'fast', limits: { rpm: 60, itpm: 6_000, otpm: 600 } },
    ),
  )
  expect(quotas.get('fast.acme')).toEqual({ startsPerSecond: 11, tokensPerSecond: 1_110 })
  expect(quotas.get('fast.acme.batch')!.startsPerSecond).toBeCloseTo(9.35)
})

it('says nothing where one of them has no limit', () => {
  const quotas = laneQuotas(catalogOf({ class: 'fast', limits: {} }, { class: 'fast', limits: { rpm: 60 } }))
  expect(quotas.get('fast.acme')).toEqual({ startsPerSecond: null, tokensPerSecond: null })
})
