import { StudioError } from '../../contract/errors.ts'
import { layoutWindows } from '../../core/goodsam/windows.ts'
import type { PanoramaFrame } from '../../core/goodsam/types.ts'
import type { Raster, RgbImage } from '../../core/raster/raster.ts'
import type { EngineParts, LabelContext } from './label-context.ts'
import type { LabelOptions } from './label-panorama.ts'
import type { SettledSegmentRequest } from './messages.ts'
import { lazyImage, rolledImage } from './panorama-image.ts'
import { logitsOf, slidingPrediction } from './semantics-stage.ts'
import { notFinite } from './sessions.ts'
import type { OpenTa } from './sessions.ts'
import type { SegmentResponse } from './training-protocol.ts'

/**
 * A semantic network on one panorama: its label map, and that of the panorama turned by half a turn, turned back (METHOD
 * section 6, seam consistency). Throws StudioError, or ProviderFailure where a provider other than the CPU failed.
 */
export async function segmentPanorama(parts: EngineParts, request: SettledSegmentRequest, options: LabelOptions): Promise<SegmentResponse> {
  const { provider, artifactsRoot } = request
  const frame = { widthPx: request.image.width, heightPx: request.image.height, cyclic: request.image.cyclic }
  const network = await parts.sessions.openTa(request.model, provider)
  requireClasses(network, network.geometry.classes ?? request.classes, request.classes)
  const decoded = lazyImage(parts, request.image)
  let turned: RgbImage | undefined
  try {
    const image = await decoded.image()
    const passes = frame.cyclic && !turnsWithPanorama(request, frame) ? 2 : 1
    const predict = (of: RgbImage, pass: number): Promise<Raster> =>
      prediction(contextOf(parts, request, { ...options, image: of, frame, pass, passes }), network, request)

    const started = performance.now()
    const label = await predict(image, 0)
    const milliseconds = performance.now() - started
    const { hash } = await parts.pool.run('storeLabels', { root: artifactsRoot, label, columns: 0 })
    const answer = { prediction: hash, milliseconds, provider, warnings: [] }
    if (!frame.cyclic) return { ...answer, rolled: null }
    if (passes === 1) return { ...answer, rolled: hash }

    const half = Math.floor(frame.widthPx / 2)
    turned = await rolledImage(parts, image, half)
    const ofTurned = await predict(turned, 1)
    const rolled = await parts.pool.run('storeLabels', { root: artifactsRoot, label: ofTurned, columns: -half })
    return { ...answer, rolled: rolled.hash }
  } finally {
    decoded.giveBack()
    if (turned !== undefined) parts.buffers.giveBack(turned.data)
  }
}

/**
 * Windows around a panorama of even width lie the same way after half a turn (core/goodsam/windows.ts): the network would
 * see the same pixels again, so its answer is the same but for the rounding of sums.
 */
function turnsWithPanorama({ mode }: SettledSegmentRequest, frame: PanoramaFrame): boolean {
  return mode.kind === 'sliding' && frame.widthPx % 2 === 0
}

async function prediction(context: LabelContext, network: OpenTa, { mode, classes }: SettledSegmentRequest): Promise<Raster> {
  if (mode.kind === 'whole') return wholePrediction(context, network, { ...mode, classes })
  const windows = layoutWindows(context.frame, mode.config.windows)
  const sliding = await slidingPrediction(context, { windows, ta: network, config: mode.config })
  requireClasses(network, sliding.classes, classes)
  return sliding.label
}

/** What the network sees of the panorama beyond the seam, on either side, as a fraction of its input's width. [D] */
const SEAM_MARGIN = 1 / 16
/** Encoders halve their input up to five times. */
const MULTIPLE = 32

/**
 * The whole panorama at once, resized to the network's input; logits upsampled bilinearly, then argmax. A cyclic panorama
 * goes on beyond its seam by a margin that is cut off again, so that the seam is no edge to the network; one whose input
 * has a fixed width has no room for that.
 */
async function wholePrediction(
  context: LabelContext, network: OpenTa, wish: { readonly width: number; readonly height: number; readonly classes: number },
): Promise<Raster> {
  const { widthPx, heightPx, cyclic } = context.frame
  const { geometry } = network
  const size = { width: geometry.width ?? wish.width, height: geometry.height ?? wish.height }
  const seen = cyclic && geometry.width === null ? MULTIPLE * Math.ceil((size.width * SEAM_MARGIN) / MULTIPLE) : 0
  const margin = Math.round((seen * widthPx) / size.width)
  const logits = await logitsOf(context, network, {
    view: { x: -margin, y: 0, width: widthPx + 2 * margin, height: heightPx },
    frame: { width: size.width + 2 * seen, height: size.height },
  })
  requireClasses(network, logits.classes, wish.classes)
  const label = await context.pool.run('labelView', { logits, options: { width: widthPx, height: heightPx, margin, cyclic } }, { move: true })
  if (label === null) throw notFinite(network.network.signature.name, 'logits', network.network.provider)
  context.advance('prediction', 1, 1)
  return label
}

function requireClasses({ model }: OpenTa, found: number, wanted: number): void {
  if (found === wanted) return
  throw new StudioError('bad-model', `The network ${model.name} tells ${found} classes apart, the label set has ${wanted}: choose one that was made for these labels.`)
}

interface Pass extends LabelOptions {
  readonly image: RgbImage
  readonly frame: PanoramaFrame
  readonly pass: number
  readonly passes: number
}

function contextOf(parts: EngineParts, { artifactsRoot }: SettledSegmentRequest, options: Pass): LabelContext {
  const { image, frame, signal, onProgress, pass, passes } = options
  return {
    ...parts, artifactsRoot, frame, signal,
    image: async () => image,
    advance: (stage, done, total) => onProgress({
      fraction: (pass + done / total) / passes, message: total === 1 ? stage : `windows, ${done} of ${total}`,
    }),
    countOrt: () => {},
  }
}
