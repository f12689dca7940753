import { StudioError } from '../../contract/errors.ts'
import type { ModelDialect, TensorInfo } from '../../contract/schemas.ts'
import { findTensor, fixedSize, printTensors } from './signatures.ts'
import type { NamedSignature } from './signatures.ts'

/** How one SAM export wants its input, read from its files: no size is known beforehand. */
export interface SamGeometry {
  readonly dialect: Exclude<ModelDialect, 'semantic'>
  readonly encoder: {
    readonly input: string
    /** planes: normalised [1, 3, H, W], padded; pixels: [H, W, 3] in 0..255, the encoder normalises and pads itself */
    readonly layout: 'planes' | 'pixels'
    /** the frame in which points are given and into which a window is fitted by its longest side */
    readonly width: number
    readonly height: number
  }
  /** what the encoder makes and the decoder takes */
  readonly embeddings: readonly string[]
  /** prompts that one decoder run takes; null: any number */
  readonly promptsPerRun: number | null
  /** points of one prompt, padding included */
  readonly pointsPerPrompt: number
  /** side lengths of the (empty) mask prompt; null where the decoder takes none */
  readonly maskPrompt: { readonly width: number; readonly height: number } | null
}

/** segment-anything fixes the frame at four times the side of its mask prompt. */
const OFFICIAL_FRAME_PER_MASK_PROMPT = 4

/** Throws StudioError bad-model where a size that must be known is left open in both files. */
export function samGeometry(
  dialect: Exclude<ModelDialect, 'semantic'>,
  encoder: NamedSignature,
  decoder: NamedSignature,
): SamGeometry {
  const [input] = encoder.inputs
  const layout = input.shape.length === 3 ? 'pixels' : 'planes'
  const embeddings = encoder.outputs.map((output) => output.name).filter((name) => findTensor(decoder.inputs, name) !== undefined)
  const maskPrompt = sides(findTensor(decoder.inputs, 'mask_input'))
  const points = findTensor(decoder.inputs, dialect === 'sam-official' ? 'point_coords' : 'input_points')
  const scale = OFFICIAL_FRAME_PER_MASK_PROMPT
  const frame =
    (layout === 'planes' ? sides(input) : null) ??
    (maskPrompt && { width: scale * maskPrompt.width, height: scale * maskPrompt.height })
  if (frame === null || (dialect === 'sam-official' && maskPrompt === null)) {
    throw new StudioError(
      'bad-model',
      `${encoder.name} and ${decoder.name} do not state the size of the image they work on (inputs: ` +
        `${printTensors(encoder.inputs)}; ${printTensors(decoder.inputs)}). Export them with fixed heights and widths.`,
    )
  }
  return {
    dialect,
    encoder: { input: input.name, layout, ...frame },
    embeddings,
    promptsPerRun: dialect === 'sam-official' ? 1 : fixedSize(points, 1),
    // the official decoder wants one padding point where there is no box
    pointsPerPrompt: fixedSize(points, -2) ?? (dialect === 'sam-official' ? 2 : 1),
    maskPrompt,
  }
}

function sides(tensor: TensorInfo | undefined): { width: number; height: number } | null {
  const width = fixedSize(tensor, -1)
  const height = fixedSize(tensor, -2)
  return width === null || height === null ? null : { width, height }
}

/** Where a window of this size lies in a frame: its longest side fills the frame, the rest is padding. */
export function fitWindow(
  window: { readonly width: number; readonly height: number },
  frame: { readonly width: number; readonly height: number },
): { readonly scale: number; readonly width: number; readonly height: number } {
  const scale = Math.min(frame.width / window.width, frame.height / window.height)
  return {
    scale,
    width: Math.min(frame.width, Math.max(1, Math.round(window.width * scale))),
    height: Math.min(frame.height, Math.max(1, Math.round(window.height * scale))),
  }
}
