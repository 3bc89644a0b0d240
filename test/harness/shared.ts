import { inject } from 'vitest'
import { Api } from './api.ts'
import { Numbers } from './numbers.ts'
import { Simulator } from './simulator.ts'

const stack = inject('stack')

/** The stack that all suites share, its simulator, and what its control listener says. */
export const api = new Api(stack)
export const simulator = new Simulator(stack.simulatorUrl)
export const numbers = new Numbers(stack.controlUrl)
