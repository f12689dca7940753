import { cpus, hostname } from 'node:os'

/** What a machine is called where speeds are remembered. */
export function thisMachine(): string {
  const processors = cpus()
  return `${hostname()}, ${processors.length} x ${processors[0]?.model ?? 'unknown'}`
}
