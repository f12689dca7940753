/** Offsets in a look: albedo (3), gloss, light given (3). */
export const LOOK_GLOSS = 3
export const LOOK_LIGHT = 4
export const LOOK_LENGTH = 7

export function newLook(): Float64Array {
  return new Float64Array(LOOK_LENGTH)
}
