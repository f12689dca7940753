import { StudioError } from '../../contract/errors.ts'
import type { SamSettings } from '../../core/goodsam/config.ts'
import { pointGrid } from '../../core/goodsam/sam-masks.ts'
import type { DecodedBatch, MaskCandidates, WindowMasks } from '../../core/goodsam/sam-masks.ts'
import type { MaskFunnel, PanoramaMasks, PanoramaWindow } from '../../core/goodsam/types.ts'
import { pictureSize } from '../../core/goodsam/view-weights.ts'
import type { EmbeddingTensor } from '../../core/formats/bundles.ts'
import type { StoredArtifact } from '../artifacts/artifact-store.ts'
import { fitWindow } from '../models/sam-geometry.ts'
import { mapAtOnce, settleAll, WINDOWS_AT_ONCE } from './label-context.ts'
import type { LabelContext } from './label-context.ts'
import type { OrtFeed, OrtRunResult, OrtTensor } from './ort-messages.ts'
import { decodedBatch, decoderOutputs, promptFeeds, promptPortions } from './prompts.ts'
import { notFinite } from './sessions.ts'
import type { OpenSam } from './sessions.ts'

export interface MaskStage {
  readonly masks: PanoramaMasks
  readonly artifact: StoredArtifact
  /** written in this run; null where cached or not kept */
  readonly embeddings: readonly (StoredArtifact | null)[]
}

export interface MaskStageOptions {
  readonly windows: readonly PanoramaWindow[]
  readonly sam: OpenSam
  readonly settings: SamSettings
  readonly cachedEmbeddings: readonly (string | null)[]
  readonly keepEmbeddings: boolean
}

/** I_i = {K_i^m} for every window (METHOD section 2): embeddings, a grid of prompts, filters. */
export async function maskStage(context: LabelContext, options: MaskStageOptions): Promise<MaskStage> {
  let done = 0
  const results = await mapAtOnce(options.windows, WINDOWS_AT_ONCE, async (window) => {
    const result = await windowMasks(context, options, window)
    context.advance('masks', ++done, options.windows.length)
    return result
  })
  const masks: PanoramaMasks = {
    windows: results.map((result, index) => ({ window: options.windows[index], masks: result.masks })),
    funnel: results.map((result) => result.funnel).reduce(addFunnels),
  }
  context.signal.throwIfAborted()
  const artifact = await context.pool.run('storeMasks', { root: context.artifactsRoot, masks })
  return { masks, artifact, embeddings: results.map((result) => result.embedding) }
}

async function windowMasks(
  context: LabelContext,
  options: MaskStageOptions,
  window: PanoramaWindow,
): Promise<WindowMasks & { embedding: StoredArtifact | null }> {
  const slots = embeddingSlots(options.sam, window)
  try {
    const embedding = await embedWindow(context, options, window)
    const candidates = decodeWindow(context, options, window)
    // both ask onnxruntime at once: the decoder's runs queue behind the encoder's
    const [stored, filtered] = await settleAll<[StoredArtifact | null, MaskCandidates[]]>([embedding.stored, candidates])
    const finished = await context.pool.run('finishMasks', { candidates: filtered, window, settings: options.settings }, { move: true })
    return { ...finished, embedding: stored }
  } finally {
    await context.ort.ask({ type: 'drop', slots: Object.values(slots) })
  }
}

/** Where the onnxruntime thread keeps the embeddings of a window: encoder output -> slot. */
function embeddingSlots(sam: OpenSam, window: PanoramaWindow): Record<string, string> {
  return Object.fromEntries(sam.geometry.embeddings.map((name) => [name, `${name}/${window.index}`]))
}

/**
 * Puts the window's embeddings into their slots: from the cache, or by running the encoder. Resolves as soon as the
 * requests are queued; `stored` when a new embedding is on disk (null where there is none to write).
 */
async function embedWindow(
  context: LabelContext,
  options: MaskStageOptions,
  window: PanoramaWindow,
): Promise<{ readonly stored: Promise<StoredArtifact | null> }> {
  const { sam } = options
  const slots = embeddingSlots(sam, window)
  const cached = options.cachedEmbeddings[window.index] ?? null
  if (cached !== null) {
    const tensors = await context.pool.run('readEmbedding', { root: context.artifactsRoot, hash: cached })
    return { stored: context.ort.ask({ type: 'store', tensors: slotTensors(tensors, slots, cached) }) }
  }
  const { data, dims } = await encoderInput(context, sam, window)
  const input: OrtFeed = { name: sam.geometry.encoder.input, type: 'float32', dims, data }
  const run = context.sessions.run(
    sam.encoder,
    { feeds: [input], repetitions: [[]], fetch: options.keepEmbeddings ? sam.geometry.embeddings : [], keep: slots },
    { signal: context.signal },
  )
  return {
    stored: run.then(
      (result) => {
        context.buffers.giveBack(data)
        context.countOrt(result.seconds)
        return options.keepEmbeddings ? storeEmbedding(context, result) : null
      },
      (error: unknown) => {
        context.buffers.giveBack(data)
        throw error
      },
    ),
  }
}

function slotTensors(
  tensors: Readonly<Record<string, EmbeddingTensor>>,
  slots: Readonly<Record<string, string>>,
  hash: string,
): { slot: string; tensor: OrtTensor }[] {
  return Object.entries(slots).map(([name, slot]) => {
    const tensor = tensors[name]
    if (tensor === undefined) {
      throw new StudioError('workspace-damaged', `The cached embedding ${hash} lacks ${name}: clear the embedding cache and label again.`)
    }
    return { slot, tensor: { dims: tensor.shape, data: tensor.data } }
  })
}

function storeEmbedding(context: LabelContext, result: OrtRunResult): Promise<StoredArtifact> {
  const tensors = Object.fromEntries(
    Object.entries(result.outputs).map(([name, { dims, data }]) => [name, { shape: dims, data }]),
  )
  return context.pool.run('storeEmbedding', { root: context.artifactsRoot, tensors }, { move: true })
}

/** The window (a gnomonic one's picture) in the encoder's input frame: its longest side fills it. */
async function encoderInput(
  context: LabelContext,
  sam: OpenSam,
  window: PanoramaWindow,
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const frame = sam.geometry.encoder
  const size = fitWindow(pictureSize(window), frame)
  const image = await context.image()
  context.signal.throwIfAborted()
  if (frame.layout === 'planes') {
    const out = context.buffers.floats(3 * frame.width * frame.height)
    await context.pool.run('cropPlanes', { image, rect: window, size, frame, out })
    return { data: out, dims: [1, 3, frame.height, frame.width] }
  }
  const out = context.buffers.floats(3 * size.width * size.height)
  await context.pool.run('cropPixels', { image, rect: window, size, out })
  return { data: out, dims: [size.height, size.width, 3] }
}

/** Asks the decoder for the masks of a grid of points; what survives the first filters comes back. */
async function decodeWindow(
  context: LabelContext,
  { sam, settings }: MaskStageOptions,
  window: PanoramaWindow,
): Promise<MaskCandidates[]> {
  const { geometry, decoder } = sam
  const picture = pictureSize(window)
  const fit = fitWindow(picture, geometry.encoder)
  const valid = { width: fit.width / geometry.encoder.width, height: fit.height / geometry.encoder.height }
  const scale = { x: fit.width / picture.width, y: fit.height / picture.height }
  const embeddings = Object.entries(embeddingSlots(sam, window)).map(([name, slot]) => ({ name, slot }))
  const names = decoderOutputs(geometry)
  const grid = pointGrid(settings.pointsPerSide, picture.width, picture.height)
  const portions = promptPortions(grid, geometry, settings.pointsPerBatch)
  return settleAll<MaskCandidates[]>(
    portions.map(async (points) => {
      const scaled = points.map((value, index) => value * (index % 2 === 0 ? scale.x : scale.y))
      const prompts = promptFeeds(scaled, geometry, valid)
      const run = { ...prompts, feeds: [...prompts.feeds, ...embeddings], fetch: [names.logits, names.scores], keep: {} }
      const result = await context.sessions.run(decoder, run, { signal: context.signal })
      context.countOrt(result.seconds)
      return filterPortion(context, { sam, settings }, batchOf(result, points, { sam, valid }))
    }),
  )
}

function batchOf(
  { outputs }: OrtRunResult,
  points: Float32Array,
  { sam, valid }: { sam: OpenSam; valid: { width: number; height: number } },
): DecodedBatch {
  const names = decoderOutputs(sam.geometry)
  try {
    const answer = { logits: outputs[names.logits], scores: outputs[names.scores] }
    return decodedBatch(answer, points, { dialect: sam.geometry.dialect, valid })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('bad-model', `Model ${sam.decoder.signature.name} answers in an unexpected shape: ${reason}.`, { cause })
  }
}

async function filterPortion(
  context: LabelContext,
  { sam, settings }: Pick<MaskStageOptions, 'sam' | 'settings'>,
  batch: DecodedBatch,
): Promise<MaskCandidates> {
  const filtered = await context.pool.run('filterMasks', { batch, settings }, { move: true })
  if (filtered.candidates === null) {
    const names = decoderOutputs(sam.geometry)
    throw notFinite(sam.decoder.signature.name, names[filtered.notFinite ?? 'logits'], sam.decoder.provider)
  }
  return filtered.candidates
}

function addFunnels(a: MaskFunnel, b: MaskFunnel): MaskFunnel {
  return {
    prompts: a.prompts + b.prompts,
    candidates: a.candidates + b.candidates,
    afterPredIou: a.afterPredIou + b.afterPredIou,
    afterStability: a.afterStability + b.afterStability,
    afterNms: a.afterNms + b.afterNms,
    kept: a.kept + b.kept,
  }
}
