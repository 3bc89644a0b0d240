import type { Metrics } from './metric-registry.ts'

/** Counts what the process itself costs, whenever the function that it gives is called: processor, memory, event loop. */
export function countProcess(metrics: Metrics, role: string): () => void {
  const cpu = metrics.counter('switchyard_process_cpu_seconds_total')
  const busy = metrics.gauge('switchyard_event_loop_busy_ratio')
  metrics.gauge('switchyard_process_resident_bytes').follow({ role }, () => process.memoryUsage.rss())
  let usedBefore = 0
  let loopBefore = performance.eventLoopUtilization()
  return () => {
    const { user, system } = process.cpuUsage()
    cpu.add({ role }, (user + system - usedBefore) / 1e6)
    usedBefore = user + system
    const loopNow = performance.eventLoopUtilization()
    busy.set({ role }, performance.eventLoopUtilization(loopNow, loopBefore).utilization)
    loopBefore = loopNow
  }
}
