/** Collects a scene's parts and materials; things are drawn in a frame of their own (x right, y up, z ahead of the thing). */
import type { Material, Part, Shape, Vector } from '../types.ts'

/** Where a thing stands, metres and radians (positive to the right, from z to x). */
export interface Place {
  readonly x: number
  readonly y?: number
  readonly z: number
  readonly yaw?: number
}

export interface Tube {
  readonly from: Vector
  readonly to: Vector
  readonly radius: number
  /** radius at `to`; the same where it is left out */
  readonly radiusTo?: number
}

export interface Leaves {
  readonly centre: Vector
  readonly radii: Vector
  /** share of rays that meet a leaf */
  readonly cover: number
}

/** Adds parts of one thing and one class; all numbers in the thing's own frame, metres. */
export interface Brush {
  box(material: Material, centre: Vector, half: Vector): void
  /** A roof whose ridge runs along the frame's z. */
  gable(material: Material, centre: Vector, half: Vector): void
  /** A roof whose ridge runs along the frame's x: the slope of a windscreen or a bonnet. */
  gableAcross(material: Material, centre: Vector, half: Vector): void
  tube(material: Material, tube: Tube): void
  ball(material: Material, centre: Vector, radii: Vector): void
  leaves(material: Material, leaves: Leaves): void
  /** The same thing and class in a frame within this one. */
  at(place: Place): Brush
}

export interface SceneWriter {
  readonly parts: Part[]
  readonly materials: Material[]
  /** Index of the material, which is added where it is new. */
  material(material: Material): number
  /** A new thing of that class. */
  thing(trainId: number, place: Place): Brush
  /** Stuff: without instance number. */
  stuff(trainId: number): Brush
}

interface Frame {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly yaw: number
}

export function createWriter(): SceneWriter {
  const parts: Part[] = []
  const materials: Material[] = []
  const indices = new Map<string, number>()
  const known = new Map<Material, number>()
  let instances = 0

  const materialIndex = (material: Material): number => {
    const seen = known.get(material)
    if (seen !== undefined) return seen
    const key = JSON.stringify(material)
    let index = indices.get(key)
    if (index === undefined) {
      index = materials.push(material) - 1
      indices.set(key, index)
    }
    known.set(material, index)
    return index
  }

  const brushIn = (frame: Frame, trainId: number, instanceId: number): Brush => {
    const cos = Math.cos(frame.yaw)
    const sin = Math.sin(frame.yaw)
    const world = ([x, y, z]: Vector): Vector => [frame.x + x * cos + z * sin, frame.y + y, frame.z - x * sin + z * cos]
    const add = (shape: Shape, material: Material): void => {
      parts.push({ shape, material: materialIndex(material), trainId, instanceId })
    }
    const leaves = (material: Material, { centre, radii, cover }: Leaves): void =>
      add({ kind: 'ellipsoid', centre: world(centre), radii, yaw: frame.yaw, cover }, material)
    return {
      leaves,
      box: (material, centre, half) => add({ kind: 'box', centre: world(centre), half, yaw: frame.yaw }, material),
      gable: (material, centre, half) => add({ kind: 'gable', centre: world(centre), half, yaw: frame.yaw }, material),
      gableAcross: (material, centre, [x, y, z]) =>
        add({ kind: 'gable', centre: world(centre), half: [z, y, x], yaw: frame.yaw + Math.PI / 2 }, material),
      tube: (material, { from, to, radius, radiusTo = radius }) =>
        add({ kind: 'cylinder', from: world(from), to: world(to), radius, radiusTo }, material),
      ball: (material, centre, radii) => leaves(material, { centre, radii, cover: 1 }),
      at: ({ x, y = 0, z, yaw = 0 }) => {
        const [wx, wy, wz] = world([x, y, z])
        return brushIn({ x: wx, y: wy, z: wz, yaw: frame.yaw + yaw }, trainId, instanceId)
      },
    }
  }

  return {
    parts,
    materials,
    material: materialIndex,
    thing: (trainId, { x, y = 0, z, yaw = 0 }) => brushIn({ x, y, z, yaw }, trainId, ++instances),
    stuff: (trainId) => brushIn({ x: 0, y: 0, z: 0, yaw: 0 }, trainId, 0),
  }
}
