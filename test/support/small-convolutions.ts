/** A small network of every kind of layer that conversions treat differently, with seeded numbers. */
import { seededRandom } from '../../src/core/networks/random.ts'
import { GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, float32, type Tensor } from '../../src/core/onnx/tensor.ts'

export const CLASSES = 4

/** Deviation 1, times `scale`. */
export function randomTensor(name: string, dims: readonly number[], scale = 1): Tensor {
  const { normal } = seededRandom(name)
  return float32(dims, Float32Array.from({ length: elementCount(dims) }, () => scale * normal()))
}

/**
 * `pixel_values` [batch, 3, height, width] -> `logits` [batch, 4, height / 2, width / 2]: convolution with batch
 * normalisation, depthwise convolution, a convolution whose weight is computed from two others, a dense layer, attention's
 * softmax, classifier.
 */
export function smallConvolutions(change: (name: string, tensor: Tensor) => Tensor = (_, tensor) => tensor): Model {
  const builder = new GraphBuilder()
  const { emit } = builder
  const parameter = (name: string, dims: readonly number[], scale = 1): Value => builder.initializer(name, change(name, randomTensor(name, dims, scale)))
  const pixels = builder.input('pixel_values', 'float32', ['batch', 3, 'height', 'width'])
  const first = emit('Conv', [pixels, parameter('first.weight', [16, 3, 3, 3], 0.3), parameter('first.bias', [16], 0.2)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  const statistics = [parameter('norm.scale', [16]), parameter('norm.offset', [16]), parameter('norm.mean', [16], 0.3), builder.initializer('norm.variance', float32([16], Array.from({ length: 16 }, (_, channel) => 0.5 + channel / 10)))]
  const normal = emit('Relu', [emit('BatchNormalization', [first, ...statistics], { epsilon: 1e-5 })])
  const deep = emit('Gelu', [emit('Conv', [normal, parameter('deep.weight', [16, 1, 3, 3], 0.4)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: 16 })])
  const product = emit('MatMul', [parameter('left', [32, 8], 0.4), parameter('right', [8, 16], 0.4)])
  const wide = emit('Relu', [emit('Conv', [deep, emit('Unsqueeze', [product, [2, 3]]), parameter('wide.bias', [32], 0.1)], { kernel_shape: [1, 1] })])
  const rows = emit('Reshape', [emit('Transpose', [wide], { perm: [0, 2, 3, 1] }), [-1, 32]])
  const dense = emit('Gemm', [rows, parameter('dense.weight', [32, 32], 0.2), parameter('dense.bias', [32], 0.1)], { transB: 1 })
  const shares = emit('Mul', [emit('Softmax', [dense], { axis: -1 }), 8])
  const back = emit('Concat', [emit('Shape', [wide], { start: 0, end: 1 }), emit('Shape', [wide], { start: 2, end: 4 }), [32]], { axis: 0 })
  const maps = emit('Transpose', [emit('Reshape', [emit('Add', [shares, rows]), back])], { perm: [0, 3, 1, 2] })
  builder.output(emit('Conv', [maps, parameter('classifier.weight', [CLASSES, 32, 1, 1], 0.5), parameter('classifier.bias', [CLASSES], 0.1)], { kernel_shape: [1, 1] }), 'logits')
  return builder.build('small convolutions')
}

/** Smooth images, as photographs are. */
export function smoothImage(seed: number, height: number, width: number): Tensor {
  const phases = Array.from({ length: 6 }, (_, index) => Math.sin(seed * 12.9898 + index * 78.233) * 3)
  return float32([1, 3, height, width], Float32Array.from({ length: 3 * height * width }, (_, index) => {
    const [channel, y, x] = [Math.floor(index / (height * width)), Math.floor(index / width) % height, index % width]
    return Math.sin(phases[channel] + x / 9 + seed) + Math.cos(phases[channel + 3] + y / 7) + 0.3 * Math.sin((x * y) / 50)
  }))
}
