import { StudioError } from '../../contract/errors.ts'
import type { GoodsamConfig } from '../../core/goodsam/config.ts'
import type { WindowProbabilities } from '../../core/goodsam/ta-semantics.ts'
import type { PanoramaSemantics, PanoramaWindow, WindowSemantics } from '../../core/goodsam/types.ts'
import { hasView, pictureSize } from '../../core/goodsam/view-weights.ts'
import { rectanglePlanesSize } from '../../core/goodsam/view-resampling.ts'
import { contextWindows } from '../../core/goodsam/windows.ts'
import type { ClassPlanes, Raster } from '../../core/raster/raster.ts'
import type { StoredArtifact } from '../artifacts/artifact-store.ts'
import { taAspect, taContextFrame, taFrame } from '../models/ta-geometry.ts'
import { mapAtOnce, WINDOWS_AT_ONCE } from './label-context.ts'
import type { LabelContext } from './label-context.ts'
import type { PictureSource } from '../workers/raster-tasks.ts'
import { notFinite } from './sessions.ts'
import type { OpenTa } from './sessions.ts'

export interface SemanticsStage {
  readonly semantics: PanoramaSemantics
  readonly artifact: StoredArtifact
}

export interface SemanticsStageOptions {
  readonly windows: readonly PanoramaWindow[]
  readonly ta: OpenTa
  readonly config: Pick<GoodsamConfig, 'contextWeight'>
}

/** uint8 label maps, 255 is "ignore". */
const MOST_CLASSES = 255

/**
 * p_i, S_i and S_TA^w (METHOD section 3): the TA on whole-height context views, then on every window, where the context
 * is blended in; stitched over the panorama, with L_CC (Eq. 1) of the overlaps.
 */
export function semanticsStage(context: LabelContext, options: SemanticsStageOptions): Promise<SemanticsStage> {
  return withWindows(context, options, async (windows, labels) => {
    const semantics = await stitch(context, windows, labels)
    context.signal.throwIfAborted()
    const artifact = await context.pool.run('storeSemantics', { root: context.artifactsRoot, semantics })
    return { semantics, artifact }
  })
}

/** S_TA^w alone: any semantic network by windows, as the TA labels. Nothing is stored. */
export function slidingPrediction(context: LabelContext, options: SemanticsStageOptions): Promise<{ readonly classes: number; readonly label: Raster }> {
  return withWindows(context, options, async (windows) => {
    const { label } = await context.pool.run('stitch', { windows, frame: context.frame })
    return { classes: windows[0].probabilities.classes, label }
  })
}

/** The network on all windows; `use` has their probabilities until it resolves. */
async function withWindows<Result>(
  context: LabelContext,
  { windows, ta, config }: SemanticsStageOptions,
  use: (windows: readonly WindowProbabilities[], labels: readonly WindowSemantics[]) => Promise<Result>,
): Promise<Result> {
  const views = config.contextWeight > 0 ? contextWindows(context.frame, taAspect(ta.geometry)) : []
  const windowHeight = Math.max(...windows.map((window) => pictureSize(window).height))
  const total = views.length + windows.length
  let done = 0
  const shared: Float32Array[] = []
  const keep = (view: WindowProbabilities): WindowProbabilities => {
    context.advance('TA semantics', ++done, total)
    return view
  }
  try {
    const contextViews = await mapAtOnce(views, WINDOWS_AT_ONCE, async (view) =>
      keep(await viewProbabilities(context, { ta, view, shared, frame: taContextFrame(ta.geometry, view, windowHeight) })))
    const blend = views.length > 0 ? { views: contextViews, frame: context.frame, weight: config.contextWeight } : null
    const seen = await mapAtOnce(windows, WINDOWS_AT_ONCE, async (window) => {
      const result = await windowProbabilities(context, { ta, view: window, shared, frame: taFrame(ta.geometry, pictureSize(window)), blend })
      return { semantics: result.semantics, probabilities: keep(result) }
    })
    context.signal.throwIfAborted()
    const probabilities = seen.map((window) => ({ window: window.probabilities.window, probabilities: window.probabilities.probabilities }))
    return await use(probabilities, seen.map((window) => window.semantics))
  } finally {
    for (const array of shared) context.buffers.giveBack(array)
  }
}

async function stitch(
  context: LabelContext,
  windows: readonly WindowProbabilities[],
  labels: readonly WindowSemantics[],
): Promise<PanoramaSemantics> {
  const { frame } = context
  context.signal.throwIfAborted()
  // all settled: the shared memory must not be given back while one of them still reads it
  const [stitched, overlaps] = await Promise.allSettled([
    context.pool.run('stitch', { windows, frame }),
    context.pool.run('consistency', { windows, frame }),
  ])
  if (stitched.status === 'rejected') throw stitched.reason
  if (overlaps.status === 'rejected') throw overlaps.reason
  return { classes: windows[0].probabilities.classes, windows: labels, ...stitched.value, ...overlaps.value }
}

interface ViewRequest {
  readonly ta: OpenTa
  readonly view: PanoramaWindow
  /** the size at which the network sees it */
  readonly frame: NetworkView['frame']
  /** takes the memory of the probabilities, so that it is given back in the end */
  readonly shared: Float32Array[]
}

async function viewProbabilities(context: LabelContext, request: ViewRequest): Promise<WindowProbabilities> {
  const { logits, out } = await viewLogits(context, request)
  const finite = await context.pool.run('viewProbabilities', { logits, out }, { move: true })
  if (!finite) throw notFinite(request.ta.network.signature.name, 'logits', request.ta.network.provider)
  return { window: request.view, probabilities: { ...logits, data: out } }
}

async function windowProbabilities(
  context: LabelContext,
  request: ViewRequest & { readonly blend: Blend | null },
): Promise<WindowProbabilities & { readonly semantics: WindowSemantics }> {
  const { logits, size, out } = await viewLogits(context, request)
  const input = { logits, out, window: request.view, context: request.blend }
  const semantics = await context.pool.run('windowProbabilities', input, { move: true })
  if (semantics === null) throw notFinite(request.ta.network.signature.name, 'logits', request.ta.network.provider)
  return { window: request.view, semantics, probabilities: { classes: logits.classes, ...size, data: out } }
}

type Blend = { readonly views: readonly WindowProbabilities[]; readonly frame: LabelContext['frame']; readonly weight: number }

/**
 * F_TA of a view, and memory for its probabilities, which cover the view's rectangle of the panorama in planes of `size`.
 */
async function viewLogits(
  context: LabelContext, { ta, view, frame, shared }: ViewRequest,
): Promise<{ logits: ClassPlanes; size: { width: number; height: number }; out: Float32Array }> {
  const logits = await logitsOf(context, ta, { view, frame })
  const size = hasView(view) ? rectanglePlanesSize(view, logits) : { width: logits.width, height: logits.height }
  const out = context.buffers.floats(logits.classes * size.width * size.height)
  shared.push(out)
  return { logits, size, out }
}

export interface NetworkView {
  /** pixels of the panorama, columns modulo its width; or the picture of a gnomonic window */
  readonly view: PictureSource
  /** what they are resized to */
  readonly frame: { readonly width: number; readonly height: number }
}

/** The network's logits of a part of the panorama. They may hold NaN: whoever reads them looks. */
export async function logitsOf(context: LabelContext, ta: OpenTa, { view, frame }: NetworkView): Promise<ClassPlanes> {
  const image = await context.image()
  context.signal.throwIfAborted()
  const input = context.buffers.floats(3 * frame.width * frame.height)
  try {
    await context.pool.run('cropPlanes', { image, rect: view, size: frame, frame, out: input })
    const feed = { name: 'pixel_values', type: 'float32', dims: [1, 3, frame.height, frame.width], data: input } as const
    const run = { feeds: [feed], repetitions: [[]], fetch: ['logits'], keep: {} }
    // before the masks: what follows the last window (stitching, storing) then happens while onnxruntime is busy with them
    const result = await context.sessions.run(ta.network, run, { signal: context.signal, urgent: true })
    context.countOrt(result.seconds)
    const { dims, data } = result.outputs.logits
    const [batch, classes, height, width] = dims
    if (dims.length !== 4 || batch !== 1 || classes < 2 || classes > MOST_CLASSES) {
      throw new StudioError(
        'bad-model',
        `Model ${ta.network.signature.name} answers with logits [${dims.join(', ')}]; expected [1, classes, height, width] with 2 to ${MOST_CLASSES} classes.`,
      )
    }
    return { classes, width, height, data }
  } finally {
    context.buffers.giveBack(input)
  }
}
