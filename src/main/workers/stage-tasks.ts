import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { StudioError } from '../../contract/errors.ts'
import {
  decodeEmbedding, decodeFusion, decodeMasks, decodeSemantics, encodeBoundary, encodeEmbedding, encodeFusion, encodeMasks, encodeRaster, encodeSemantics,
} from '../../core/formats/bundles.ts'
import type { Gzip } from '../../core/formats/bundle-file.ts'
import { rollColumns } from '../../core/geometry/roll.ts'
import { refineBoundary } from '../../core/goodsam/boundary.ts'
import { overlapConsistency } from '../../core/goodsam/consistency.ts'
import { summariseFusion } from '../../core/goodsam/fusion-summary.ts'
import { fusePanorama, prepareFusion } from '../../core/goodsam/fusion.ts'
import { filterCandidates, finishWindowMasks } from '../../core/goodsam/sam-masks.ts'
import { stitchSemantics } from '../../core/goodsam/stitch.ts'
import { blendContext, softmaxPlanes, windowSemantics } from '../../core/goodsam/ta-semantics.ts'
import type { FusedPanorama, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from '../../core/goodsam/types.ts'
import { masksToRectangle, planesToRectangle } from '../../core/goodsam/view-resampling.ts'
import { hasView, pictureSize } from '../../core/goodsam/view-weights.ts'
import type { ClassPlanes } from '../../core/raster/raster.ts'
import { upsampledArgmax } from '../../core/raster/upsampled-argmax.ts'
import { openArtifactStore } from '../artifacts/artifact-store.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { isFiniteData } from './finite.ts'
import type { NetworkTasks } from './network-tasks.ts'
import type { PanoramaSummary, Source, TaskHandlers } from './raster-tasks.ts'

/** The steps of the method behind the networks, one handler per step. Artifacts are read and written here. */
export const STAGE_TASKS: Omit<TaskHandlers, 'decodeImage' | 'cropPlanes' | 'cropPixels' | 'rollImage' | keyof NetworkTasks> = {
  async readEmbedding({ root, hash }) {
    return decoded(decodeEmbedding, await store(root).read(hash), hash)
  },
  storeEmbedding: ({ root, tensors }) => store(root).put(encodeEmbedding(tensors)),

  filterMasks({ batch, settings }) {
    if (!isFiniteData(batch.logits)) return { candidates: null, notFinite: 'logits' }
    if (!isFiniteData(batch.scores)) return { candidates: null, notFinite: 'scores' }
    return { candidates: filterCandidates(batch, settings), notFinite: null }
  },
  finishMasks({ candidates, window, settings }) {
    const finished = finishWindowMasks(candidates, { ...pictureSize(window), settings })
    if (!hasView(window)) return finished
    const masks = masksToRectangle(finished.masks, window)
    return { masks, funnel: { ...finished.funnel, kept: masks.count } }
  },
  storeMasks: ({ root, masks }) => store(root).put(encodeMasks(masks, gzip)),

  viewProbabilities({ logits, out }) {
    return softmaxInto(logits, out) !== null
  },
  windowProbabilities({ logits, window, context, out }) {
    const probabilities = probabilitiesOf(logits, window, out)
    if (probabilities === null) return null
    if (context !== null) blendContext(probabilities, window, context)
    return windowSemantics(probabilities, window)
  },
  stitch: ({ windows, frame }) => stitchSemantics(windows, frame),
  consistency: ({ windows, frame }) => overlapConsistency(windows, frame),
  storeSemantics: ({ root, semantics }) => store(root).put(encodeSemantics(semantics, gzipMaps)),

  labelView: ({ logits, options }) => (isFiniteData(logits.data) ? upsampledArgmax(logits, options) : null),
  storeLabels: ({ root, label, columns }) => store(root).put(encodeRaster(rollColumns(label, columns), gzipMaps)),

  async refineBoundary({ root, masks, semantics, config }) {
    const boundary = refineBoundary(await masksOf(root, masks), await semanticsOf(root, semantics), config)
    return store(root).put(encodeBoundary({ boundary }, gzipMaps))
  },

  async fuse({ root, masks, semantics, fusion, projection }) {
    const panoramaMasks = masks && (await masksOf(root, masks))
    const panoramaSemantics = await semanticsOf(root, semantics)
    const fused = fusePanorama(prepareFusion(panoramaMasks, panoramaSemantics, { ...fusion, projection }), fusion)
    const artifact = await store(root).put(encodeFusion(fused, gzipMaps))
    return { artifact, summary: summary(fused, panoramaMasks, panoramaSemantics) }
  },

  async summarise({ root, masks, semantics, fusion }) {
    const fused = decoded(decodeFusion, await store(root).read(fusion), fusion)
    return summary(fused, masks && (await masksOf(root, masks)), await semanticsOf(root, semantics))
  },
}

/** Over the window's rectangle. */
function probabilitiesOf(logits: ClassPlanes, window: PanoramaWindow, out: Float32Array): ClassPlanes | null {
  if (!hasView(window)) return softmaxInto(logits, out)
  return isFiniteData(logits.data) ? planesToRectangle(softmaxPlanes(logits), window, out) : null
}

function softmaxInto(logits: ClassPlanes, out: Float32Array): ClassPlanes | null {
  if (!isFiniteData(logits.data)) return null
  out.set(logits.data)
  return softmaxPlanes({ ...logits, data: out })
}

function summary(fused: FusedPanorama, masks: PanoramaMasks | null, semantics: PanoramaSemantics): PanoramaSummary {
  return {
    ...summariseFusion(fused, semantics),
    masks: masks?.windows.reduce((count, window) => count + window.masks.count, 0) ?? 0,
    funnel: masks?.funnel ?? null,
    windows: semantics.windows.length,
    consistency: semantics.consistency,
  }
}

async function masksOf(root: string, source: Source<PanoramaMasks>): Promise<PanoramaMasks> {
  return 'value' in source ? source.value : decoded(decodeMasks, await store(root).read(source.hash), source.hash)
}

async function semanticsOf(root: string, source: Source<PanoramaSemantics>): Promise<PanoramaSemantics> {
  return 'value' in source ? source.value : decoded(decodeSemantics, await store(root).read(source.hash), source.hash)
}

/** Byte of a gzip header that names the operating system; 255: unknown. */
const GZIP_SYSTEM = 9

/** zlib itself is several times quicker than the portable one. The header must not depend on where it runs. */
function gzipWith(strategy: number): Gzip {
  return (bytes) => {
    const packed = new Uint8Array(gzipSync(bytes, { level: 1, strategy }))
    packed[GZIP_SYSTEM] = 255
    return packed
  }
}

const gzip = gzipWith(constants.Z_DEFAULT_STRATEGY)
/** Maps are runs of equal bytes: looking for nothing else takes 40 % less time and 17 % more bytes. */
const gzipMaps = gzipWith(constants.Z_RLE)

function decoded<Value>(decode: (bytes: Uint8Array) => Value, bytes: Uint8Array, hash: string): Value {
  try {
    return decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? new Uint8Array(gunzipSync(bytes)) : bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('workspace-damaged', `The artifact ${hash} has another layout than expected (${reason}). Remove the labelling run and label again.`, { cause })
  }
}

const stores = new Map<string, ArtifactStore>()

function store(root: string): ArtifactStore {
  const known = stores.get(root)
  if (known !== undefined) return known
  const opened = openArtifactStore(root)
  stores.set(root, opened)
  return opened
}
