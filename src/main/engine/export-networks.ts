import { StudioError } from '../../contract/errors.ts'
import { OBSERVATIONS } from '../../core/onnx/calibration.ts'
import type { ClassPlanes, Raster } from '../../core/raster/raster.ts'
import { writeDurably } from '../artifacts/durable-files.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import type { FloatTensor, Observations } from '../workers/network-tasks.ts'
import type {
  ConvertNetworkRequest, ConvertNetworkResponse, ExportCallOptions, MeasureNetworksRequest, MeasureNetworksResponse, NetworkImage,
  NetworkMeasurement, NetworkSize,
} from './export-protocol.ts'
import type { EngineParts } from './label-context.ts'
import { OrtError } from './ort-client.ts'
import { lazyImage } from './panorama-image.ts'

/** The engine's parts, and how many threads onnxruntime has. */
export interface ExportParts extends EngineParts {
  readonly threads: number
}

/**
 * How much of a value 8 bits must keep, in decibels, from the boldest to what always agrees: weights alone in 8 bits. [D]
 */
const LEAST_SIGNALS = [30, 40, Infinity]
/** Images on which a quantised network is tried before it is taken. */
const TRIED_IMAGES = 2
/** Runs of which the time is the median, which the first one, slower than the others, hardly moves. */
const TIMED_RUNS = 5

/**
 * Writes a float32 network in float16 and quantised. The quantised one keeps its activations in float32 where the values,
 * as observed on the images, would lose too much; if it then still agrees too little with the network, more of them.
 */
export async function convertNetwork(parts: ExportParts, request: ConvertNetworkRequest, { signal, onProgress }: ExportCallOptions): Promise<ConvertNetworkResponse> {
  const { name, network, size, images, out } = request
  const pixels = await eachPixels(parts, { images, size, signal })
  try {
    onProgress({ fraction: 0.05, message: 'folding weights' })
    const { prepared, calibration, parts: observedParts } = await prepare(parts, request, signal)
    const observations: Observations = {
      parts: observedParts,
      images: await withSession(parts, { model: calibration, name, signal }, (run) => inOrder(pixels, async (image, index) => {
        onProgress({ fraction: 0.1 + (0.5 * index) / images.length, message: `ranges of values, image ${index + 1} of ${images.length}` })
        return (await run(image, OBSERVATIONS)).data
      })),
    }
    onProgress({ fraction: 0.6, message: 'float16' })
    const half = await parts.pool.run('toFloat16', { prepared, observations })
    await write(out.float16, half.model)
    onProgress({ fraction: 0.7, message: 'int8' })
    const answers = await logitsOfEach(parts, { model: network, name, signal }, pixels.slice(0, TRIED_IMAGES))
    const references = await inOrder(answers, async (logits) => ({ logits, label: await labelled(parts, { logits, size, name }) }))
    const ranges = await parts.pool.run('activationRanges', { prepared, observations })
    for (const leastSignal of LEAST_SIGNALS) {
      const { model, layers, withActivations } = await parts.pool.run('quantize', { prepared, ranges, leastSignal })
      const tried = await logitsOfEach(parts, { model, name, signal }, pixels.slice(0, TRIED_IMAGES))
      const compared = await inOrder(tried, (logits, index) => parts.pool.run('compareLogits', { logits, reference: references[index], size }))
      const agreement = Math.min(...compared.map((each) => each?.agreement ?? 0))
      if (agreement < request.quantizedAgreement && leastSignal !== LEAST_SIGNALS.at(-1)) continue
      await write(out.quantized, model)
      return { keptFloat32: half.kept, quantizedLayers: layers, withActivations }
    }
    throw new RangeError('The list of signal levels is empty.')
  } finally {
    for (const image of pixels) parts.buffers.giveBack(image.data)
  }
}

/** The network with everything computed that its own numbers say. */
async function prepare(parts: ExportParts, { network, size, name }: ConvertNetworkRequest, signal: AbortSignal) {
  const part = await parts.pool.run('constantPart', { network })
  let constants: Readonly<Record<string, FloatTensor>> = {}
  if (part !== null) {
    const session = await open(parts, { model: part, name, signal })
    try {
      const wanted = session.outputs.map((output) => output.name)
      const { outputs } = await guarded(name, () => parts.ort.ask({ type: 'run', run: { session: session.name, feeds: [], repetitions: [[]], fetch: wanted, keep: {} } }, { signal }))
      constants = outputs
    } finally {
      await parts.ort.ask({ type: 'release', names: [session.name] })
    }
  }
  return parts.pool.run('prepareConversion', { network, constants, size })
}

/** Runs each network on the images and compares its answers with those of the reference; writes the sample files. */
export async function measureNetworks(parts: ExportParts, request: MeasureNetworksRequest, { signal, onProgress }: ExportCallOptions): Promise<MeasureNetworksResponse> {
  const { name, networks, images, size, sample } = request
  const pixels = await eachPixels(parts, { images, size, signal })
  try {
    onProgress({ fraction: 0, message: 'the checkpoint' })
    const model = await parts.pool.run('referenceNetwork', request.reference)
    const answers = await logitsOfEach(parts, { model, name, signal }, pixels)
    const references = await inOrder(answers, async (logits) => ({ logits, label: await labelled(parts, { logits, size, name }) }))
    const measured: NetworkMeasurement[] = []
    for (const [index, network] of networks.entries()) {
      onProgress({ fraction: (index + 1) / (networks.length + 1), message: network.name })
      const { label, ...measurement } = await measure(parts, { network, pixels, references, size, signal })
      measured.push(measurement)
      if (index === 0) await writeSample(parts, { image: images[0], size, label, files: sample })
    }
    return { networks: measured, images: images.length }
  } finally {
    for (const image of pixels) parts.buffers.giveBack(image.data)
  }
}

interface Measuring {
  readonly network: MeasureNetworksRequest['networks'][number]
  readonly pixels: readonly FloatTensor[]
  readonly references: readonly { readonly logits: ClassPlanes; readonly label: Raster }[]
  readonly size: NetworkSize
  readonly signal: AbortSignal
}

/** With the label map of the first image. */
async function measure(parts: ExportParts, { network, pixels, references, size, signal }: Measuring): Promise<NetworkMeasurement & { readonly label: Raster }> {
  const compared: { label: Raster; maxDifference: number; agreement: number }[] = []
  const milliseconds = await withSession(parts, { model: network.path, name: network.name, signal }, async (run) => {
    const times: number[] = []
    for (let index = 0; index < Math.max(TIMED_RUNS, pixels.length); index++) {
      const { seconds, ...answer } = await run(pixels[index % pixels.length])
      times.push(1000 * seconds)
      if (index >= pixels.length) continue
      const comparison = await parts.pool.run('compareLogits', { logits: planes(network.name, answer), reference: references[index], size })
      if (comparison === null) throw new StudioError('bad-model', `${network.name} computes numbers that are not finite (NaN or infinity): the student's weights are damaged. Choose another checkpoint.`)
      compared.push(comparison)
    }
    return median(times)
  })
  return {
    name: network.name, milliseconds, label: compared[0].label,
    maxDifference: Math.max(...compared.map((each) => each.maxDifference)),
    agreement: compared.reduce((sum, each) => sum + each.agreement, 0) / compared.length,
  }
}

async function writeSample(
  parts: ExportParts, { image, ...rest }: { readonly image: NetworkImage; readonly size: NetworkSize; readonly label: Raster; readonly files: MeasureNetworksRequest['sample'] },
): Promise<void> {
  const decoded = lazyImage(parts, { ...image, cyclic: false })
  try {
    await parts.pool.run('writeSample', { image: await decoded.image(), ...rest })
  } finally {
    decoded.giveBack()
  }
}

/** The images as the network sees them, in shared memory; the caller gives it back. */
async function eachPixels(
  parts: ExportParts, { images, size, signal }: { readonly images: readonly NetworkImage[]; readonly size: NetworkSize; readonly signal: AbortSignal },
): Promise<readonly FloatTensor[]> {
  return inOrder(images, async (image) => {
    signal.throwIfAborted()
    const decoded = lazyImage(parts, { ...image, cyclic: false })
    const data = parts.buffers.floats(3 * size.width * size.height)
    try {
      const rect = { x: 0, y: 0, width: image.width, height: image.height }
      await parts.pool.run('cropPlanes', { image: await decoded.image(), rect, size, frame: size, out: data })
      return { dims: [1, 3, size.height, size.width], data }
    } finally {
      decoded.giveBack()
    }
  })
}

interface OpenModel {
  /** a file's path, or bytes */
  readonly model: string | Uint8Array
  /** for messages */
  readonly name: string
  readonly signal: AbortSignal
}

/** Runs the network on one image: the named output, or the logits. */
type RunNetwork = (image: FloatTensor, output?: string) => Promise<FloatTensor & { readonly seconds: number }>

let opened = 0

async function open(parts: ExportParts, { model, name, signal }: OpenModel) {
  const session = `export/${++opened}`
  const key = { model, provider: 'cpu' as const, threads: parts.threads }
  const signature = await guarded(name, () => parts.ort.ask({ type: 'open', name: session, key }, { signal }))
  return { name: session, ...signature }
}

/** A session of its own, released when the work is done: exports are rare, and what they hold is large. */
async function withSession<Result>(parts: ExportParts, model: OpenModel, work: (run: RunNetwork) => Promise<Result>): Promise<Result> {
  const { signal } = model
  const session = await open(parts, model)
  const [input] = session.inputs
  const logits = session.outputs.find((output) => output.name === 'logits') ?? session.outputs[0]
  try {
    return await work(async ({ dims, data }, output = logits.name) => {
      const feeds = [{ name: input.name, type: 'float32', dims, data } as const]
      const { outputs, seconds } = await guarded(model.name, () => parts.ort.ask({ type: 'run', run: { session: session.name, feeds, repetitions: [[]], fetch: [output], keep: {} } }, { signal }))
      return { ...outputs[output], seconds }
    })
  } finally {
    await parts.ort.ask({ type: 'release', names: [session.name] })
  }
}

function logitsOfEach(parts: ExportParts, model: OpenModel, images: readonly FloatTensor[]): Promise<readonly ClassPlanes[]> {
  return withSession(parts, model, (run) => inOrder(images, async (image) => planes(model.name, await run(image))))
}

function planes(name: string, { dims, data }: FloatTensor): ClassPlanes {
  const [batch, classes, height, width] = dims
  if (dims.length !== 4 || batch !== 1) throw new StudioError('bad-model', `${name} answers with logits [${dims.join(', ')}]; expected [1, classes, height, width].`)
  return { classes, height, width, data }
}

async function labelled(parts: ExportParts, { logits, size, name }: { readonly logits: ClassPlanes; readonly size: NetworkSize; readonly name: string }): Promise<Raster> {
  const label = await parts.pool.run('labelView', { logits, options: size })
  if (label === null) throw new StudioError('bad-model', `The student ${name} computes numbers that are not finite (NaN or infinity). Choose another checkpoint.`)
  return label
}

async function guarded<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof OrtError)) throw error
    throw new StudioError('bad-model', `onnxruntime cannot run ${name}: ${error.message}`, { cause: error })
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeDurably(path, bytes)
  } catch (error) {
    throw storageError('write', path, error)
  }
}

async function inOrder<Item, Result>(items: readonly Item[], work: (item: Item, index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (const [index, item] of items.entries()) results.push(await work(item, index))
  return results
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
