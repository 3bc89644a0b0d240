import fastify, { type FastifyPluginAsync } from 'fastify'
import { describe, expect, it } from 'vitest'
import { routeTable } from './route-table.ts'

describe('routeTable', () => {
  it('refuses to start with a route that does not say who may call it', async () => {
    const app = fastify()
    routeTable(app)
    app.get('/open', { config: { access: 'public' } }, async () => 'ok')
    app.get('/forgotten', async () => 'oh')
    await expect(app.ready()).rejects.toThrow('Routes without a declared access: GET /forgotten')
  })

  it('looks into plugins, too', async () => {
    const app = fastify()
    routeTable(app)
    const plugin: FastifyPluginAsync = async (inner) => {
      inner.post('/inner', async () => 'oh')
    }
    await app.register(plugin)
    await expect(app.ready()).rejects.toThrow('POST /inner')
  })
})
