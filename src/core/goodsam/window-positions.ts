/** Starts of windows around a full turn: as few as a stride of at most `strideNominal` allows, a multiple of four. */
export function cyclicPositions(length: number, strideNominal: number): number[] {
  const enough = Math.ceil(length / strideNominal - 1e-9)
  const count = Math.min(length, Math.ceil(enough / 4) * 4)
  return Array.from({ length: count }, (_, k) => Math.floor((k * length) / count))
}

/** Starts of windows along an edge-bounded axis: first at 0, last ending at `length`, evenly spread. */
export function spreadPositions(length: number, size: number, strideFraction: number): number[] {
  const steps = spreadSteps(length, size, strideFraction)
  const room = Math.max(0, length - size)
  return Array.from({ length: steps + 1 }, (_, k) => (steps === 0 ? 0 : Math.round((k * room) / steps)))
}

/** Strides between the first and the last window along an edge-bounded axis. */
export function spreadSteps(length: number, size: number, strideFraction: number): number {
  return Math.ceil(Math.max(0, length - size) / (size * strideFraction) - 1e-9)
}
