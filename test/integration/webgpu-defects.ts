/** What the WebGPU provider of onnxruntime 1.30 computes wrongly or not at all: what training steps go around (webgpu-forms.ts), and tests where that cannot be. */
import { rebuild } from '../../src/core/onnx/bind.ts'
import { sameShape } from '../../src/core/onnx/dims.ts'
import { type Attributes, dims, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { intAttribute, intsAttribute, type Model, type Node } from '../../src/core/onnx/model.ts'
import { elementCount, float32, type Tensor } from '../../src/core/onnx/tensor.ts'

interface Defect {
  /** Whether a node meets it */
  readonly has: (node: Node, x: readonly Value[], y: Value) => boolean
  /** The smallest node that does, by which the tests see whether it is still there */
  readonly example: { readonly op: string; readonly inputs: readonly (readonly number[])[]; readonly constants?: readonly (readonly number[])[]; readonly attributes?: Attributes }
}

export const WEBGPU_DEFECTS: Readonly<Record<string, Defect>> = {
  'convolutions of three axes have no kernel': {
    has: ({ opType }, [x]) => (opType === 'Conv' || opType === 'ConvTranspose') && x.shape.length > 4,
    example: { op: 'ConvTranspose', inputs: [[1, 1, 2, 2, 2], [1, 1, 2, 2, 2]] },
  },
  'a transposed convolution with several inputs and one output per group is computed as a depthwise one': {
    has(node, [, weight]) {
      const group = node.opType === 'ConvTranspose' ? intAttribute(node, 'group', 1) : 1
      return group > 1 && dims(weight)[1] === 1 && dims(weight)[0] > group
    },
    example: { op: 'ConvTranspose', inputs: [[1, 4, 3, 3], [4, 1, 2, 2]], attributes: { group: 2 } },
  },
  'a convolution with a kernel of one place forgets pads of which only one side is set': {
    has(node, [, weight]) {
      const pads = node.opType === 'Conv' ? intsAttribute(node, 'pads') ?? [] : []
      const half = pads.length / 2
      return pads.slice(0, half).some((pad, axis) => pad !== pads[half + axis]) && dims(weight).slice(2).every((size) => size === 1)
    },
    example: { op: 'Conv', inputs: [[2, 1, 2, 3], [2, 1, 1, 1]], attributes: { pads: [0, 0, 1, 1] } },
  },
  'a slice that walks backwards over a part of an axis takes another part': {
    has: ({ opType }, [x, , , , steps], y) => opType === 'Slice' && (steps?.contents ?? []).some((step) => Number(step) < 0) && !sameShape(x.shape, y.shape),
    example: { op: 'Slice', inputs: [[5, 3]], constants: [[3], [0], [0], [-1]] },
  },
}

/** The first defect that a model meets, or undefined. */
export function webgpuDefect(model: Model): string | undefined {
  const { builder } = rebuild(model)
  for (const node of builder.nodes) {
    const x = node.inputs.map((name) => (name === '' ? undefined : builder.value(name))) as readonly Value[]
    const defect = Object.keys(WEBGPU_DEFECTS).find((name) => WEBGPU_DEFECTS[name].has(node, x, builder.value(node.outputs[0])))
    if (defect !== undefined) return defect
  }
  return undefined
}

/** A defect's example as a model and what to feed it with. */
export function exampleOf({ example: { op, inputs, constants = [], attributes } }: Defect): { readonly model: Model; readonly feeds: Record<string, Tensor> } {
  const builder = new GraphBuilder()
  const x = inputs.map((shape, index) => builder.input(`x${index}`, 'float32', shape))
  builder.output(builder.emit(op, [...x, ...constants], attributes), 'y')
  const feeds = inputs.map((shape, index) => [`x${index}`, float32(shape, Array.from({ length: elementCount(shape) }, (_, at) => Math.sin(at + index + 1)))] as const)
  return { model: builder.build(), feeds: Object.fromEntries(feeds) }
}
