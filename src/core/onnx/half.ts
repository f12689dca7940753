/** Floats of 16 bits, kept as their bits: IEEE 754 binary16 (float16) and the upper half of a float32 (bfloat16). */

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** 2^-24: the least float16 above 0. */
const LEAST_FLOAT16 = 2 ** -24

export function fromFloat16(half: number): number {
  const sign = (half & 0x8000) === 0 ? 1 : -1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * LEAST_FLOAT16
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (0x400 + fraction) * 2 ** (exponent - 25)
}

/** Rounds to the nearest, ties to even; from 65520 on that is infinity. Takes the value as a float32. */
export function toFloat16(value: number): number {
  float[0] = value
  const sign = (bits[0] >>> 16) & 0x8000
  const size = bits[0] & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  if (size >= 0x477ff000) return sign | 0x7c00
  if (size < 0x38800000) {
    // a subnormal counts units of 2^-24, which is the last place of a float32 in [0.5, 1): adding 0.5 rounds
    float[0] = Math.abs(float[0]) + 0.5
    return sign | (bits[0] - 0x3f000000)
  }
  // what is added carries into the 11th bit from the end just where the value rounds up; 112 is the difference of the exponents' biases
  return sign | ((size + 0xfff + ((size >>> 13) & 1) - (112 << 23)) >>> 13)
}

export function fromBfloat16(half: number): number {
  bits[0] = half << 16
  return float[0]
}

/** Rounds to the nearest, ties to even. Takes the value as a float32. */
export function toBfloat16(value: number): number {
  float[0] = value
  const all = bits[0]
  if ((all & 0x7fffffff) > 0x7f800000) return ((all >>> 16) | 0x40) & 0xffff
  return (all + 0x7fff + ((all >>> 16) & 1)) >>> 16
}

/** Whole tensors of bits. */
export function float16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromFloat16)
}

export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, toFloat16)
}

export function bfloat16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromBfloat16)
}

export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, toBfloat16)
}
