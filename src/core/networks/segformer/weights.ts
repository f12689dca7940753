/** SegFormer's weights as Hugging Face's model.safetensors. */
import type { SafetensorsFile, Tensor as FileTensor } from '../../formats/safetensors.ts'
import { type LoadedWeights, loadTensors, saveTensors } from '../load-weights.ts'
import type { Weights } from '../parameters.ts'
import type { SegformerConfig } from './config.ts'
import { HEAD, segformerParameters } from './parameters.ts'

/** PyTorch counts the batches that a batch normalisation saw; nothing reads it. */
const BATCH_COUNT = `${HEAD}.batch_norm.num_batches_tracked`
const CLASSIFIER = `${HEAD}.classifier.`

export interface LoadWeightsOptions {
  /** Begin the classifier anew where the file has another number of classes; an error where omitted */
  readonly newClassifier?: boolean
  /** For parameters that begin anew; 0 where omitted */
  readonly seed?: number
}

/**
 * Weights from a model.safetensors of SegformerForSemanticSegmentation (nvidia/segformer-*), or of
 * SegformerForImageClassification (nvidia/mit-*): the latter has an encoder alone, the head begins anew.
 * Throws ModelError 'invalid' with the first ten differences of names and shapes.
 */
export function loadWeights(config: SegformerConfig, file: SafetensorsFile, { newClassifier = false, seed = 0 }: LoadWeightsOptions = {}): LoadedWeights {
  const encoderAlone = !Object.keys(file.tensors).some((name) => name.startsWith(`${HEAD}.`))
  return loadTensors(segformerParameters(config), file, {
    ignored: (name) => name === BATCH_COUNT || (encoderAlone && (name === 'classifier.weight' || name === 'classifier.bias')),
    fresh: { seed, allowed: (name) => (encoderAlone && name.startsWith(`${HEAD}.`)) || (newClassifier && name.startsWith(CLASSIFIER)) },
  })
}

/** model.safetensors as Hugging Face's SegformerForSemanticSegmentation loads it. */
export function toSafetensors(config: SegformerConfig, weights: Weights): Uint8Array<ArrayBuffer> {
  const batches: FileTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(0n) }
  return saveTensors(segformerParameters(config), weights, { [BATCH_COUNT]: batches })
}
