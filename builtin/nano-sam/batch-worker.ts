/** A thread that makes nano-sam's batches. */
import { workerData } from 'node:worker_threads'
import { serveBatches } from '../batch-worker.ts'
import { nanoSamBatch } from './batches.ts'
import { collagePool } from './images.ts'

export interface NanoSamWorkerData {
  readonly seed: number
}

export interface NanoSamWorkerRequest {
  readonly step: number
  readonly batch: number
}

const { seed } = workerData as NanoSamWorkerData
const collage = collagePool(seed)

serveBatches((message) => {
  const { step, batch } = message as NanoSamWorkerRequest
  const images = Array.from({ length: batch }, (_, place) => ({ image: collage(step, place), turns: true }))
  return nanoSamBatch(images, `${seed}:batch:${step}`)
})
