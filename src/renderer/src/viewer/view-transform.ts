import type { Direction } from '../../../core/geometry/sphere.ts'
import {
  anglesToDirection, anglesToPanorama, clamp, directionToAngles, isInside, panoramaToAngles, wrap,
} from './panorama-grid.ts'
import type { PanoramaGrid, Point } from './panorama-grid.ts'
import type { FlatView, SphereView, View } from './types.ts'

/**
 * Canvas <-> panorama, for both views. Canvas points are device pixels from the top left corner, continuous
 * (the centre of the first pixel is 0.5, 0.5). All functions are pure; views come out clamped.
 */

/** Size of the drawing buffer, device pixels. */
export interface CanvasSize {
  readonly width: number
  readonly height: number
}

/** Where a view is seen: the panorama's grid and the canvas. */
export interface Viewport {
  readonly grid: PanoramaGrid
  readonly canvas: CanvasSize
}

const DEG = Math.PI / 180

export const MAX_SCALE = 64
export const MIN_FOV_DEG = 4
export const MAX_FOV_DEG = 120
const RESET_FOV_DEG = 75

/** The scale at which the whole panorama just fits: the least there is. */
export function fitScale({ grid, canvas }: Viewport): number {
  return Math.min(canvas.width / grid.width, canvas.height / grid.height, MAX_SCALE)
}

/** The whole panorama (flat), or straight ahead (sphere). */
export function resetView(stage: Viewport, kind: View['kind']): View {
  if (kind === 'sphere') return clampView({ kind, yawDeg: 0, pitchDeg: 0, fovDeg: RESET_FOV_DEG }, stage)
  return { kind, centerX: stage.grid.width / 2, centerY: stage.grid.height / 2, scale: fitScale(stage) }
}

/** The nearest allowed view: yaw wraps on cyclic panoramas, every other edge stops at the canvas's edge. */
export function clampView(view: View, stage: Viewport): View {
  const { grid, canvas } = stage
  if (view.kind === 'sphere') {
    return {
      kind: 'sphere',
      yawDeg: wrap(view.yawDeg + 180, 360) - 180,
      pitchDeg: clamp(view.pitchDeg, -90, 90),
      fovDeg: clamp(view.fovDeg, MIN_FOV_DEG, MAX_FOV_DEG),
    }
  }
  const scale = clamp(view.scale, fitScale(stage), MAX_SCALE)
  return {
    kind: 'flat',
    centerX: grid.cyclic
      ? wrap(view.centerX, grid.width)
      : clampCenter(view.centerX, grid.width, canvas.width / scale),
    centerY: clampCenter(view.centerY, grid.height, canvas.height / scale),
    scale,
  }
}

function clampCenter(center: number, extent: number, seen: number): number {
  return seen >= extent ? extent / 2 : clamp(center, seen / 2, extent - seen / 2)
}

/**
 * Panorama point at the canvas's top left corner. Snapped so that a whole number of device pixels lies left of panorama
 * column 0: at scale 1 each panorama pixel then meets exactly one device pixel, and at other scales the picture does not
 * shimmer while it is dragged.
 */
export function flatOrigin(view: FlatView, canvas: CanvasSize): Point {
  return {
    x: Math.round(view.centerX * view.scale - canvas.width / 2) / view.scale,
    y: Math.round(view.centerY * view.scale - canvas.height / 2) / view.scale,
  }
}

/** Distance of the sphere view's image plane, in device pixels. */
export function focalLengthPx(view: SphereView, canvas: CanvasSize): number {
  return canvas.height / 2 / Math.tan((view.fovDeg * DEG) / 2)
}

/** Camera axes of the sphere view: what the shader multiplies a pixel's offset with. No roll. */
export function cameraAxes(view: SphereView): { right: Direction; up: Direction; forward: Direction } {
  const yaw = view.yawDeg * DEG
  const pitch = view.pitchDeg * DEG
  const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)]
  return { right: [cy, 0, -sy], up: [-sp * sy, cp, -sp * cy], forward: [cp * sy, sp, cp * cy] }
}

/** Unit direction seen at a canvas point of the sphere view. */
export function canvasToDirection(view: SphereView, canvas: CanvasSize, point: Point): Direction {
  const { right, up, forward } = cameraAxes(view)
  const [cx, cy, cz] = cameraRay(view, canvas, point)
  return [
    right[0] * cx + up[0] * cy + forward[0] * cz,
    right[1] * cx + up[1] * cy + forward[1] * cz,
    right[2] * cx + up[2] * cy + forward[2] * cz,
  ]
}

/** Unit ray in the camera's own axes. */
function cameraRay(view: SphereView, canvas: CanvasSize, point: Point): Direction {
  const focal = focalLengthPx(view, canvas)
  const x = point.x - canvas.width / 2
  const y = canvas.height / 2 - point.y
  const length = Math.hypot(x, y, focal)
  return [x / length, y / length, focal / length]
}

/** Panorama point under a canvas point; x in [0, width). Null outside the panorama. */
export function canvasToPanorama(view: View, stage: Viewport, point: Point): Point | null {
  const { grid } = stage
  const at = unboundedPanoramaPoint(view, stage, point)
  if (!isInside(grid, at)) return null
  return grid.cyclic ? { x: wrap(at.x, grid.width), y: at.y } : at
}

function unboundedPanoramaPoint(view: View, { grid, canvas }: Viewport, point: Point): Point {
  if (view.kind === 'sphere') return anglesToPanorama(grid, directionToAngles(canvasToDirection(view, canvas, point)))
  const origin = flatOrigin(view, canvas)
  return { x: origin.x + point.x / view.scale, y: origin.y + point.y / view.scale }
}

/** Canvas point of a panorama point; inverse of canvasToPanorama. Null behind the camera. Flat: the copy nearest the middle. */
export function panoramaToCanvas(view: View, { grid, canvas }: Viewport, at: Point): Point | null {
  if (view.kind === 'flat') {
    const origin = flatOrigin(view, canvas)
    const turns = grid.cyclic ? Math.round((view.centerX - at.x) / grid.width) : 0
    return { x: (at.x + turns * grid.width - origin.x) * view.scale, y: (at.y - origin.y) * view.scale }
  }
  const d = anglesToDirection(panoramaToAngles(grid, at))
  const { right, up, forward } = cameraAxes(view)
  const depth = dot(d, forward)
  if (depth <= 1e-9) return null
  const focal = focalLengthPx(view, canvas)
  return { x: canvas.width / 2 + (focal * dot(d, right)) / depth, y: canvas.height / 2 - (focal * dot(d, up)) / depth }
}

function dot(a: Direction, b: Direction): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/** Drag: what was under `from` comes to lie under `to`. */
export function panView(view: View, stage: Viewport, drag: { from: Point; to: Point }): View {
  if (view.kind === 'flat') {
    return clampView({
      ...view,
      centerX: view.centerX - (drag.to.x - drag.from.x) / view.scale,
      centerY: view.centerY - (drag.to.y - drag.from.y) / view.scale,
    }, stage)
  }
  const direction = canvasToDirection(view, stage.canvas, drag.from)
  return clampView(aim(view, stage.canvas, { direction, point: drag.to }), stage)
}

/** Zoom by `factor` (> 1: closer) about a canvas point: what lies under it stays there. */
export function zoomView(view: View, stage: Viewport, zoom: { at: Point; factor: number }): View {
  const { canvas } = stage
  if (view.kind === 'flat') {
    const scale = clamp(view.scale * zoom.factor, fitScale(stage), MAX_SCALE)
    // the unsnapped inverse: snapping twice would let the picture creep while the wheel turns
    const offset = { x: zoom.at.x - canvas.width / 2, y: zoom.at.y - canvas.height / 2 }
    return clampView({
      kind: 'flat',
      centerX: view.centerX + offset.x / view.scale - offset.x / scale,
      centerY: view.centerY + offset.y / view.scale - offset.y / scale,
      scale,
    }, stage)
  }
  const direction = canvasToDirection(view, canvas, zoom.at)
  // the image plane's distance grows by the factor, so that a zoom step feels the same at every field of view
  const halfTangent = Math.tan((view.fovDeg * DEG) / 2) / zoom.factor
  const fovDeg = clamp((2 * Math.atan(halfTangent)) / DEG, MIN_FOV_DEG, MAX_FOV_DEG)
  return clampView(aim({ ...view, fovDeg }, canvas, { direction, point: zoom.at }), stage)
}

/**
 * The view of the same field of view that shows `direction` at `point`. Without roll there are two unknowns (yaw, pitch)
 * and two equations, so it is exact, except where pitch would have to pass the zenith or the nadir.
 */
function aim(view: SphereView, canvas: CanvasSize, goal: { direction: Direction; point: Point }): SphereView {
  const [cx, cy, cz] = cameraRay(view, canvas, goal.point)
  // up component of the turned ray: cy cos(pitch) + cz sin(pitch) = r cos(pitch - phase)
  const r = Math.hypot(cy, cz)
  const phase = Math.atan2(cz, cy)
  const pitch = clamp(phase - Math.acos(clamp(goal.direction[1] / r, -1, 1)), -Math.PI / 2, Math.PI / 2)
  const depth = cz * Math.cos(pitch) - cy * Math.sin(pitch)
  const yaw = Math.atan2(goal.direction[0], goal.direction[2]) - Math.atan2(cx, depth)
  return { ...view, yawDeg: yaw / DEG, pitchDeg: pitch / DEG }
}

/** The other kind of view with the same point in the middle and about the same magnification there. */
export function convertView(view: View, stage: Viewport, kind: View['kind']): View {
  if (view.kind === kind) return view
  const { grid, canvas } = stage
  const rowsPerDeg = grid.height / grid.vfovDeg
  if (view.kind === 'flat') {
    const angles = panoramaToAngles(grid, { x: view.centerX, y: view.centerY })
    const radiansPerPixel = DEG / (view.scale * rowsPerDeg)
    const fovDeg = (2 * Math.atan((canvas.height / 2) * radiansPerPixel)) / DEG
    return clampView({ kind: 'sphere', ...angles, fovDeg: Math.min(fovDeg, RESET_FOV_DEG) }, stage)
  }
  const at = anglesToPanorama(grid, view)
  const scale = (focalLengthPx(view, canvas) * DEG) / rowsPerDeg
  return clampView({ kind: 'flat', centerX: at.x, centerY: at.y, scale }, stage)
}
