/** A thread that makes nano-sam's batches. */
import { workerData } from 'node:worker_threads'
import { serveBatches } from '../batch-worker.ts'
import { type BatchImage, nanoSamBatch } from './batches.ts'
import { collagePool, windowPool } from './images.ts'
import { type NanoSamPhase, STREET_SEED } from './plan.ts'
import { streetRegionsCache, streetRequest } from './street-regions.ts'

export interface NanoSamWorkerData {
  readonly seed: number
  /** of the street images that are kept */
  readonly folder: string
}

/** A batch, or that a street image be there (an empty batch) */
export type NanoSamWorkerRequest = { readonly kind: 'batch'; readonly step: number; readonly phase: NanoSamPhase; readonly images: number } | { readonly kind: 'draw'; readonly index: number }

const { seed, folder } = workerData as NanoSamWorkerData
const collages = collagePool(seed)
const street = streetRegionsCache(folder, (index) => streetRequest(STREET_SEED, index))
const windows = windowPool(seed, street)

serveBatches((message) => {
  const asked = message as NanoSamWorkerRequest
  if (asked.kind === 'draw') {
    street(asked.index)
    return {}
  }
  const { step, phase, images } = asked
  const chosen = Array.from({ length: phase.images }, (_, turn): BatchImage => {
    const options = { turn, count: phase.images, side: phase.side, window: phase.window, images }
    const isCollage = (step * phase.images + turn) % 4 < phase.collages
    return isCollage ? { image: collages(step, options), turns: true } : { image: windows(step, options), turns: false }
  })
  return nanoSamBatch(chosen, { stream: `${seed}:batch:${step}`, groups: phase.groups, preference: phase.preference, enlarged: phase.side / phase.window })
})
