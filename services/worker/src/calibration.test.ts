import { expect, test } from 'vitest'
import { createCalibration } from './calibration.ts'

test('the factor of a deployment is found within some calls, and is its own', () => {
  const calibration = createCalibration()
  expect(calibration.inputTokens('a', 1_000)).toBe(1_000)
  for (let i = 0; i < 20; i++) calibration.learn('a', 1_000, 1_300)
  expect(calibration.inputTokens('a', 1_000)).toBeGreaterThan(1_290)
  expect(calibration.inputTokens('b', 1_000)).toBe(1_000)
})

test('where counts vary, most of them are not above what is reserved', () => {
  const calibration = createCalibration()
  for (let i = 0; i < 200; i++) calibration.learn('a', 1_000, 900 + ((i * 37) % 200))
  expect(calibration.inputTokens('a', 1_000)).toBeGreaterThan(1_020)
  expect(calibration.inputTokens('a', 1_000)).toBeLessThan(1_100)
})

test('short prompts and absurd counts teach little', () => {
  const calibration = createCalibration()
  for (let i = 0; i < 50; i++) calibration.learn('a', 5, 500)
  expect(calibration.inputTokens('a', 1_000)).toBe(1_000)
  for (let i = 0; i < 500; i++) calibration.learn('a', 1_000, 1e9)
  expect(calibration.inputTokens('a', 1_000)).toBeLessThanOrEqual(3_000)
})
