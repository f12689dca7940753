import { layoutWindows } from '../../core/goodsam/windows.ts'
import type { PanoramaMasks, PanoramaSemantics, PanoramaWindow } from '../../core/goodsam/types.ts'
import type { PanoramaSummary, Source } from '../workers/raster-tasks.ts'
import type { EngineParts, LabelContext } from './label-context.ts'
import { labelWarnings } from './label-warnings.ts'
import { maskStage } from './mask-stage.ts'
import type { MaskStage } from './mask-stage.ts'
import type { SettledLabelRequest } from './messages.ts'
import { lazyImage } from './panorama-image.ts'
import type { EngineProgress, LabelPanoramaResponse } from './protocol.ts'
import { semanticsStage } from './semantics-stage.ts'

export interface LabelOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: EngineProgress) => void
}

/**
 * One panorama from pixels to pseudo-label (METHOD sections 1 to 4): windows, SAM masks, TA semantics, refined boundary,
 * CTCF fusion. Stages that the request names as cached are read instead of computed; each result is an artifact of the
 * store, written whole or not at all. Throws StudioError, or ProviderFailure where a provider other than the CPU failed.
 */
export async function labelPanorama(
  parts: EngineParts,
  request: SettledLabelRequest,
  options: LabelOptions,
): Promise<LabelPanoramaResponse> {
  const started = performance.now()
  let ortSeconds = 0
  const { cached, config, artifactsRoot: root } = request
  const { width: widthPx, height: heightPx, cyclic, projection } = request.image
  const frame = { widthPx, heightPx, cyclic, ...(projection && { projection }) }
  const windows = layoutWindows(frame, config.windows)
  const stop = new AbortController()
  const decoded = lazyImage(parts, request.image)
  const context: LabelContext = {
    ...parts,
    artifactsRoot: root,
    frame,
    image: decoded.image,
    signal: AbortSignal.any([options.signal, stop.signal]),
    advance: progressReporter(options.onProgress),
    countOrt: (seconds) => (ortSeconds += seconds),
  }
  try {
    const [semantics, masks] = await together(stop, [
      semanticsOf(context, request, windows),
      request.sam === null ? Promise.resolve(null) : masksOf(context, request, windows),
    ])
    context.signal.throwIfAborted()
    options.onProgress({ fraction: BEFORE_FUSION, message: 'boundary and fusion' })
    const [boundary, fusion] = await together(stop, [
      masks === null ? null : (cached.boundary ?? refineBoundary(context, request, masks.source, semantics.source)),
      fuse(context, request, masks?.source ?? null, semantics.source),
    ])
    return {
      artifacts: { masks: masks?.hash ?? null, semantics: semantics.hash, boundary, fusion: fusion.hash },
      embeddings: masks?.embeddings ?? windows.map(() => null),
      stats: {
        masks: fusion.summary.masks,
        coverage: fusion.summary.coverage,
        meanConfidence: fusion.summary.meanConfidence,
        disagreement: fusion.summary.disagreement,
        consistency: fusion.summary.consistency,
        seconds: (performance.now() - started) / 1000,
        ortSeconds,
        provider: request.provider,
        cached: {
          embeddings: masks?.cachedEmbeddings ?? 0,
          masks: cached.masks !== null,
          semantics: cached.semantics !== null,
        },
      },
      warnings: labelWarnings(request, { summary: fusion.summary, windows: windows.length, classes: semantics.classes }),
    }
  } finally {
    // nothing runs any more: `together` waits for the losers too
    decoded.giveBack()
  }
}

/** Share of the progress bar that the windows fill. */
const BEFORE_FUSION = 0.95

interface StageResult<Value> {
  readonly hash: string
  readonly source: Source<Value>
}

async function semanticsOf(
  context: LabelContext,
  request: SettledLabelRequest,
  windows: readonly PanoramaWindow[],
): Promise<StageResult<PanoramaSemantics> & { readonly classes: number | null }> {
  const { semantics: hash } = request.cached
  if (hash !== null) return { hash, source: { hash }, classes: null }
  const ta = await context.sessions.openTa(request.ta, request.provider)
  const stage = await semanticsStage(context, { windows, ta, config: request.config })
  return { hash: stage.artifact.hash, source: { value: stage.semantics }, classes: stage.semantics.classes }
}

type MasksResult = StageResult<PanoramaMasks> & Pick<MaskStage, 'embeddings'> & { readonly cachedEmbeddings: number }

async function masksOf(
  context: LabelContext,
  request: SettledLabelRequest,
  windows: readonly PanoramaWindow[],
): Promise<MasksResult | null> {
  const { masks: hash, embeddings: cachedEmbeddings } = request.cached
  if (hash !== null) return { hash, source: { hash }, embeddings: windows.map(() => null), cachedEmbeddings: 0 }
  if (request.sam === null) return null
  const sam = await context.sessions.openSam(request.sam, request.provider)
  const stage = await maskStage(context, {
    windows, sam, settings: request.sam.settings, cachedEmbeddings, keepEmbeddings: request.keepEmbeddings,
  })
  return {
    hash: stage.artifact.hash,
    source: { value: stage.masks },
    embeddings: stage.embeddings,
    cachedEmbeddings: windows.filter((window) => (cachedEmbeddings[window.index] ?? null) !== null).length,
  }
}

async function refineBoundary(
  context: LabelContext,
  { config }: SettledLabelRequest,
  masks: Source<PanoramaMasks>,
  semantics: Source<PanoramaSemantics>,
): Promise<string> {
  const artifact = await context.pool.run('refineBoundary', { root: context.artifactsRoot, masks, semantics, config: { boundaryRadiusFraction: config.boundaryRadiusFraction } })
  return artifact.hash
}

async function fuse(
  context: LabelContext,
  request: SettledLabelRequest,
  masks: Source<PanoramaMasks> | null,
  semantics: Source<PanoramaSemantics>,
): Promise<{ hash: string; summary: PanoramaSummary }> {
  const inputs = { root: context.artifactsRoot, masks, semantics }
  const { fusion: hash } = request.cached
  if (hash !== null) return { hash, summary: await context.pool.run('summarise', { ...inputs, fusion: hash }) }
  const { artifact, summary } = await context.pool.run('fuse', { ...inputs, fusion: request.config.fusion, projection: request.image.projection })
  return { hash: artifact.hash, summary }
}

/** Waits for both, also when one fails: the failure stops the other, and nothing runs on behind the caller's back. */
async function together<A, B>(stop: AbortController, [a, b]: [A | Promise<A>, B | Promise<B>]): Promise<[A, B]> {
  const onFailure = (error: unknown): never => {
    first ??= { error }
    stop.abort(error)
    throw error
  }
  let first: { readonly error: unknown } | undefined
  const [left, right] = await Promise.allSettled([Promise.resolve(a).catch(onFailure), Promise.resolve(b).catch(onFailure)])
  if (left.status === 'rejected' || right.status === 'rejected') throw first?.error
  return [left.value, right.value]
}

function progressReporter(onProgress: (progress: EngineProgress) => void): LabelContext['advance'] {
  const stages = new Map<string, number>()
  return (stage, done, total) => {
    stages.set(stage, done / total)
    const shares = [...stages.values()]
    const fraction = (BEFORE_FUSION * shares.reduce((sum, share) => sum + share, 0)) / shares.length
    onProgress({ fraction, message: `${stage}, window ${done} of ${total}` })
  }
}
