import { cpus } from 'node:os'
import type { Stretch } from './checkpoint.ts'

/** What stretches of training that are run here name as their machine. */
export function thisMachine(): string {
  return cpus()[0]?.model ?? 'unknown'
}

/**
 * What a training ran on, for its record: the machines of its stretches, each once, with what computed. Where no stretch
 * names one: `here`, with what computed last.
 */
export function machinesOf(stretches: readonly Pick<Stretch, 'machine' | 'provider' | 'threads'>[], here = thisMachine()): string {
  if (stretches.every(({ machine }) => machine === undefined)) return `${here}, ${stretches.map(computedBy).at(-1) ?? 'untrained'}`
  return [...new Set(stretches.map((stretch) => `${stretch.machine ?? 'a machine that was not recorded'}, ${computedBy(stretch)}`))].join('; ')
}

function computedBy({ provider, threads }: Pick<Stretch, 'provider' | 'threads'>): string {
  return `${provider} with ${threads} thread${threads === 1 ? '' : 's'}`
}
