/** A thread that makes batches of street samples, draws the images that are not there yet, and draws ahead when told to. */
import { workerData } from 'node:worker_threads'
import { serveBatches } from './batch-worker.ts'
import { type BatchRequest, streetBatch } from './street-batches.ts'
import { streetCache, type StreetImage, type StreetSplit } from './street-images.ts'

export interface StreetWorkerData {
  readonly folder: string
}

/** A batch, or that an image be there and how many pixels of each class it has (`counts`) */
export type StreetWorkerRequest = { readonly split: StreetSplit } & (
  { readonly kind: 'batch'; readonly request: BatchRequest } | { readonly kind: 'draw'; readonly index: number })

const { folder } = workerData as StreetWorkerData
const known = new Map<string, (index: number) => StreetImage>()

function imagesOf(split: StreetSplit): (index: number) => StreetImage {
  const name = JSON.stringify(split)
  const images = known.get(name) ?? streetCache(folder, split)
  known.set(name, images)
  return images
}

serveBatches((message) => {
  const asked = message as StreetWorkerRequest
  const images = imagesOf(asked.split)
  if (asked.kind === 'batch') return streetBatch(images, asked.request)
  const counts = new Int32Array(256)
  for (const id of images(asked.index).trainIds) counts[id]++
  return { counts: { elementType: 'int32', dims: [256], data: counts } }
})
