/**
 * Hashes and smooth noise of integer lattices: the only source of chance in a drawing, so that the same place looks the
 * same from everywhere. All of them are pure; hashes are 32-bit words.
 */

/** A word each bit of which depends on each bit of the three numbers (a multiply-xor mix as in MurmurHash3). */
export function hash3(x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x85ebca6b) ^ Math.imul(y, 0xc2b2ae35) ^ Math.imul(z, 0x27d4eb2f)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return h ^ (h >>> 15)
}

/** A word to [0, 1). */
export function unit(word: number): number {
  return (word >>> 0) * 2.3283064365386963e-10
}

/** Ten of the word's bits from `shift` on, to [0, 1). */
export function unitOf(word: number, shift: number): number {
  return ((word >>> shift) & 1023) * 0.0009765625
}

/** Smooth noise in the plane, 0..1, mean 1/2; one bump per unit square (value noise, cubic blend). */
export function noise2(x: number, y: number, seed: number): number {
  const left = Math.floor(x)
  const below = Math.floor(y)
  const across = x - left
  const up = y - below
  const blendX = across * across * (3 - 2 * across)
  const blendY = up * up * (3 - 2 * up)
  const lower = unit(hash3(left, below, seed)) * (1 - blendX) + unit(hash3(left + 1, below, seed)) * blendX
  const upper = unit(hash3(left, below + 1, seed)) * (1 - blendX) + unit(hash3(left + 1, below + 1, seed)) * blendX
  return lower + (upper - lower) * blendY
}

/** Smooth noise in space, 0..1: two planes of `noise2`, blended. */
export function noise3(x: number, y: number, z: number, seed: number): number {
  const behind = Math.floor(z)
  const depth = z - behind
  const blend = depth * depth * (3 - 2 * depth)
  const layer = seed + Math.imul(behind, 7919)
  const near = noise2(x, y, layer)
  return near + (noise2(x, y, layer + 7919) - near) * blend
}

/** Noise at several scales, each half as large and half as strong; 0..1, mean 1/2. */
export function fractalNoise2(x: number, y: number, seed: number, octaves: number): number {
  let sum = 0
  let weight = 0.5
  let scale = 1
  for (let octave = 0; octave < octaves; octave++) {
    sum += weight * noise2(x * scale + octave * 17.3, y * scale - octave * 9.1, seed + octave)
    weight *= 0.5
    scale *= 2.03
  }
  return sum / (1 - 2 * weight)
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(value: number, from: number, to: number): number {
  const share = Math.min(1, Math.max(0, (value - from) / (to - from)))
  return share * share * (3 - 2 * share)
}
