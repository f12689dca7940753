/**
 * A picture of a part of a panorama as a pinhole camera would take it (gnomonic projection), and the panorama's rectangle
 * that holds it. Positions are those of the rectangle, from its upper left corner: two views of one pitch have the same
 * numbers wherever on the turn they look.
 */
export interface TangentView {
  /** pixels of the picture */
  readonly width: number
  readonly height: number
  /** where it looks: columns right of the rectangle's left edge, radians above the horizon */
  readonly centreX: number
  readonly pitchRad: number
  /** tangents of half the field of view, across and down */
  readonly tanX: number
  readonly tanY: number
  /** rows from the rectangle's upper edge down to the horizon */
  readonly horizonY: number
  /** radians per pixel of the panorama */
  readonly columnRad: number
  readonly rowRad: number
  /** whether the panorama's columns go on beyond its edges */
  readonly cyclic: boolean
}

/** A continuous position: pixel i spans i .. i + 1, its centre is i + 0.5. */
interface Position {
  readonly x: number
  readonly y: number
}

/** Where positions of one row of the rectangle lie in the picture; infinite behind the camera. */
export interface PictureRow {
  readonly u: Float64Array
  readonly v: Float64Array
}

/**
 * From the rectangle to the picture: for positions `columns` of any row, continuous on both sides (`pictureToRectangle` is
 * the inverse). The arrays are written again by the next row.
 */
export function pictureRows(view: TangentView, columns: ArrayLike<number>): (y: number) => PictureRow {
  const { width, height, centreX, pitchRad, tanX, tanY, horizonY, columnRad, rowRad } = view
  const yaws = Float64Array.from(columns, (x) => (x - centreX) * columnRad)
  const sines = yaws.map(Math.sin)
  const cosines = yaws.map(Math.cos)
  const [cosPitch, sinPitch] = [Math.cos(pitchRad), Math.sin(pitchRad)]
  const [halfWidth, halfHeight] = [width / 2, height / 2]
  const row = { u: new Float64Array(columns.length), v: new Float64Array(columns.length) }
  const { u, v } = row
  return (y) => {
    const latitude = (horizonY - y) * rowRad
    const [level, up] = [Math.cos(latitude), Math.sin(latitude)]
    for (let i = 0; i < u.length; i++) {
      const right = level * sines[i]
      const ahead = level * cosines[i]
      const depth = cosPitch * ahead + sinPitch * up
      if (depth > 0) {
        u[i] = halfWidth * (1 + right / depth / tanX)
        v[i] = halfHeight * (1 - (cosPitch * up - sinPitch * ahead) / depth / tanY)
      } else {
        u[i] = right < 0 ? -Infinity : Infinity
        v[i] = Infinity
      }
    }
    return row
  }
}

/** Whether a position lies in the picture. */
export function isInPicture(view: TangentView, u: number, v: number): boolean {
  return u >= 0 && u < view.width && v >= 0 && v < view.height
}

/** From the picture to the rectangle, whose edges the result may leave where the panorama ends. */
export function pictureToRectangle(view: TangentView, { x: u, y: v }: Position): Position {
  const { centreX, pitchRad, horizonY, columnRad, rowRad } = view
  const right = ((2 * u) / view.width - 1) * view.tanX
  const above = (1 - (2 * v) / view.height) * view.tanY
  const up = Math.cos(pitchRad) * above + Math.sin(pitchRad)
  const ahead = Math.cos(pitchRad) - Math.sin(pitchRad) * above
  return {
    x: centreX + Math.atan2(right, ahead) / columnRad,
    y: horizonY - Math.atan2(up, Math.hypot(right, ahead)) / rowRad,
  }
}

/** What part of the sphere a view of half angle `atan(tanY)` up and down and `atan(tanX)` to the sides shows. */
export interface ViewExtent {
  /** radians above the horizon */
  readonly top: number
  readonly bottom: number
  /** radians to either side of where it looks; pi where a pole is in the picture */
  readonly side: number
}

export function viewExtent({ pitchRad, tanX, tanY }: Pick<TangentView, 'pitchRad' | 'tanX' | 'tanY'>): ViewExtent {
  const half = Math.atan(tanY)
  const poleward = Math.abs(pitchRad) + half
  // the picture's edge nearest to a pole, where the meridians are closest together
  const ahead = Math.cos(pitchRad) - Math.abs(Math.sin(pitchRad)) * tanY
  return {
    top: highest(pitchRad, half, tanX),
    bottom: -highest(-pitchRad, half, tanX),
    side: poleward > Math.PI / 2 + ROUNDING ? Math.PI : Math.atan2(tanX, Math.max(0, ahead)),
  }
}

const ROUNDING = 1e-9

/** The picture's upper edge is highest in its middle while it is above the horizon, and in its corners below. */
function highest(pitchRad: number, half: number, tanX: number): number {
  const middle = pitchRad + half
  if (middle >= Math.PI / 2 - ROUNDING) return Math.PI / 2
  if (middle >= 0) return middle
  const corner = Math.atan2(tanX, Math.cos(pitchRad) - Math.sin(pitchRad) * Math.tan(half))
  return Math.atan(Math.cos(corner) * Math.tan(middle))
}
