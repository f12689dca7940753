/** Noise as a function of the position: nothing is stored, and the same place has the same number. */

/** 0 .. 1 for a grid point */
export function hash(x: number, y: number, seed: number): number {
  let mixed = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ seed
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

/** Smooth noise, 0 .. 1, that changes over a distance of 1. */
export function valueNoise(x: number, y: number, seed: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)]
  const [u, v] = [x - column, y - row]
  const [su, sv] = [u * u * (3 - 2 * u), v * v * (3 - 2 * v)]
  const above = hash(column, row, seed) * (1 - su) + hash(column + 1, row, seed) * su
  const below = hash(column, row + 1, seed) * (1 - su) + hash(column + 1, row + 1, seed) * su
  return above * (1 - sv) + below * sv
}

/** Noise of three scales, 0 .. 1. */
export function blotchNoise(x: number, y: number, seed: number): number {
  return (4 * valueNoise(x, y, seed) + 2 * valueNoise(2 * x, 2 * y, seed + 1) + valueNoise(4 * x, 4 * y, seed + 2)) / 7
}
