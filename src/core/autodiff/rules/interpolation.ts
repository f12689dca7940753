/** Which input elements Resize reads for each output element of one axis, as the ONNX standard defines it and onnxruntime computes it. */
import { intAttribute, intsAttribute, type Node, stringAttribute } from '../../onnx/model.ts'
import { normalizeAxis, sameShape } from '../../onnx/dims.ts'
import { ModelError } from '../../onnx/errors.ts'
import { dims, type Value } from '../../onnx/graph-builder.ts'

/** An output element is the sum of these: weight times the input element at index. */
export interface Tap {
  readonly index: number
  readonly weight: number
}

/** One axis of a Resize. */
export interface Interpolation {
  readonly axis: number
  readonly inputSize: number
  /** One entry per output element */
  readonly taps: readonly (readonly Tap[])[]
}

interface Sizes {
  readonly from: number
  readonly to: number
  readonly scale: number
}

/** The axes that a Resize node changes. Throws ModelError 'unsupported' where it reads more than the two nearest elements or from a region. */
export function interpolationsOf(node: Node, x: readonly (Value | undefined)[], output: Value): readonly Interpolation[] {
  const [input, , scales, sizes] = x
  if (input === undefined) return []
  const [from, to] = [dims(input), dims(output)]
  const axes = (intsAttribute(node, 'axes') ?? from.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, from.length))
  const given = sizes === undefined || sizes.shape[0] === 0 ? scales?.contents : undefined
  const tapsOf = tapRule(node)
  // The runtime copies what keeps its size, also where a scale such as 1.01 would move it
  if (sameShape(from, to)) return []
  return axes.flatMap((axis, index) => {
    const size = { from: from[axis], to: to[axis], scale: Math.fround(Number(given?.[index] ?? to[axis] / from[axis])) }
    const taps = Array.from({ length: to[axis] }, (_, at) => tapsOf(at, size))
    const isIdentity = from[axis] === to[axis] && taps.every((each, at) => each.every((tap) => tap.index === at))
    return isIdentity ? [] : [{ axis, inputSize: from[axis], taps }]
  })
}

/** What an output element reads, by the node's attributes. */
function tapRule(node: Node): (at: number, sizes: Sizes) => readonly Tap[] {
  const mode = stringAttribute(node, 'mode', 'nearest')
  const coordinate = COORDINATES[stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')]
  const round = ROUNDINGS[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')]
  const isKnown = coordinate !== undefined && round !== undefined && (mode === 'nearest' || mode === 'linear') && intAttribute(node, 'antialias', 0) === 0
    && stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') === 'stretch'
  if (!isKnown) {
    const stated = [...node.attributes.keys()].filter((name) => name !== 'axes').map((name) => `${name}=${stringAttribute(node, name, String(intAttribute(node, name, 0)))}`)
    throw new ModelError('unsupported', `No gradient of Resize with ${stated.join(', ')}: nearest and linear without antialias, to the sizes as they are stated, have one.`)
  }
  return (at, sizes) => {
    const x = coordinate(at, sizes)
    const clamped = (index: number) => Math.min(Math.max(index, 0), sizes.from - 1)
    if (mode === 'nearest') return [{ index: clamped(round(x)), weight: 1 }]
    const inside = clamped(x)
    const [low, high] = [Math.floor(inside), clamped(Math.floor(inside) + 1)]
    const share = Math.fround(inside - low)
    return low === high || share === 0 ? [{ index: low, weight: 1 }] : [{ index: low, weight: 1 - share }, { index: high, weight: share }]
  }
}

/** Where an output element lies among the input elements: in float32, because ties are rounded as the runtime rounds them. */
const COORDINATES: Readonly<Record<string, ((at: number, sizes: Sizes) => number) | undefined>> = {
  half_pixel: halfPixel,
  pytorch_half_pixel: (at, sizes) => (sizes.to > 1 ? halfPixel(at, sizes) : 0),
  align_corners: (at, { from, to }) => (to === 1 ? 0 : Math.fround(Math.fround(at * (from - 1)) / (to - 1))),
  asymmetric: (at, { scale }) => Math.fround(at / scale),
}

function halfPixel(at: number, { scale }: Sizes): number {
  return Math.fround(Math.fround((at + 0.5) / scale) - 0.5)
}

const ROUNDINGS: Readonly<Record<string, ((x: number) => number) | undefined>> = {
  round_prefer_floor: (x) => (isHalfway(x) ? Math.floor(x) : Math.round(x)),
  round_prefer_ceil: (x) => (isHalfway(x) ? Math.ceil(x) : Math.round(x)),
  floor: Math.floor,
  ceil: Math.ceil,
}

/** The runtime takes what is this close to halfway as halfway: measured, onnxruntime 1.30. */
function isHalfway(x: number): boolean {
  return Math.abs(x - Math.floor(x) - 0.5) < 1e-6
}
