declare const unit: unique symbol
type Branded<Unit extends string> = number & { readonly [unit]: Unit }

/** Angle around the vertical axis, radians; 0 is the middle of a panorama, positive to the right, -pi..pi. */
export type YawRad = Branded<'yaw'>
/** Angle above the horizon, radians, -pi/2..pi/2. Also latitude. */
export type PitchRad = Branded<'pitch'>
/** Rotation of a view about its own axis, radians; positive turns the picture clockwise. */
export type RollRad = Branded<'roll'>

export const yawRad = (radians: number): YawRad => wrapTurn(radians) as YawRad
export const pitchRad = (radians: number): PitchRad => Math.min(Math.PI / 2, Math.max(-Math.PI / 2, radians)) as PitchRad
export const rollRad = (radians: number): RollRad => wrapTurn(radians) as RollRad

export function degreesToRadians(degrees: number): number {
  return (degrees * Math.PI) / 180
}

export function radiansToDegrees(radians: number): number {
  return (radians * 180) / Math.PI
}

/** The same angle in [-pi, pi). */
export function wrapTurn(radians: number): number {
  const turn = 2 * Math.PI
  const wrapped = (((radians + Math.PI) % turn) + turn) % turn
  return wrapped - Math.PI
}
