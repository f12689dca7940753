/**
 * Tensors from a formula, the same here as in test/fixtures/formula.py, so that golden files need not hold weights.
 * Element i of the tensor `name` is 2 * splitmix32(fnv1a(name) + i * 0x9e3779b9) / 2^32 - 1, uniform in [-1, 1).
 */
import type { Parameters } from '../../src/core/networks/parameters.ts'
import { elementCount, float32, type Tensor } from '../../src/core/onnx/tensor.ts'

export function formula(name: string, count: number): Float64Array {
  let state = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 0x01000193)
  const values = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    values[index] = 2 * (((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) - 1
  }
  return values
}

export function formulaTensor(name: string, dims: readonly number[]): Tensor {
  return float32(dims, new Float32Array(formula(name, elementCount(dims))))
}

/** A parameter by its name: weights keep the variance of what passes through, norms lie around 1, biases around 0. */
function formulaWeight(name: string, dims: readonly number[]): Tensor {
  const scaled = (offset: number, factor: number) => float32(dims, new Float32Array(formula(name, elementCount(dims)).map((x) => offset + factor * x)))
  if (name.endsWith('running_var')) return scaled(1, 0.5)
  if (name.endsWith('running_mean')) return scaled(0, 0.2)
  if (dims.length > 1) return scaled(0, Math.sqrt(3 / elementCount(dims.slice(1))))
  return name.endsWith('.weight') ? scaled(1, 0.2) : scaled(0, 0.1)
}

export function formulaWeights(parameters: Parameters): Map<string, Tensor> {
  return new Map([...parameters].map(([name, { dims }]) => [name, formulaWeight(name, dims)]))
}

/** What a golden file keeps of a large tensor: its norm, its product with formula(name + ".probe"), three of its elements. */
export function summary(name: string, data: Float32Array): readonly number[] {
  const probe = formula(`${name}.probe`, data.length)
  const kept = [0, Math.floor(data.length / 2), data.length - 1].map((index) => data[index])
  return [Math.sqrt(data.reduce((sum, value) => sum + value * value, 0)), data.reduce((sum, value, index) => sum + value * probe[index], 0), ...kept]
}

/** float32 numbers that a golden file keeps in base64. */
export function fromBase64(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)
}
