import { inject } from 'vitest'
import { Api } from './api.ts'
import { Simulator } from './simulator.ts'

const stack = inject('stack')

/** The stack that all suites share, and its simulator. */
export const api = new Api(stack)
export const simulator = new Simulator(stack.simulatorUrl)
