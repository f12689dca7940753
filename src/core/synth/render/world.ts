import type { Material, Part, Pattern, Scene } from '../types.ts'
import { buildTree, type Tree } from './bvh.ts'
import { packSky } from './sky.ts'

/**
 * A scene as flat arrays, as rays want it. A part's numbers are `solids[part * SOLID_STRIDE + ...]`:
 * box, gable, ellipsoid: centre (3), half sides or radii (3), cos and sin of yaw, porosity, cell, leaf;
 * cylinder: from (3), unit axis (3), length, radius, radiusTo - radius per metre.
 */
export interface World {
  readonly scene: Scene
  readonly partCount: number
  readonly kinds: Uint8Array
  readonly solids: Float64Array
  readonly partMaterials: Int32Array
  readonly materials: Float64Array
  readonly groundMaterials: Int32Array
  readonly tree: Tree
  /** as in sky.ts */
  readonly sky: Float64Array
  /** six numbers per part: lowest corner, highest corner */
  readonly bounds: Float64Array
}

export const BOX = 0
export const GABLE = 1
export const CYLINDER = 2
export const ELLIPSOID = 3
/** An ellipsoid of leaves, a box of boards with gaps: rays may pass. */
export const FOLIAGE = 4
export const BOARDS = 5

export const SOLID_STRIDE = 11
/** Offsets in a solid's numbers. */
export const COS = 6
export const SIN = 7
/** boards: share of the gap; foliage: squared radius of the leaves on the outer shell, in cells */
export const POROSITY = 8
/** foliage: a leaf's size; boards: the distance from board to board, metres */
export const CELL = 9
/** foliage: squared radius of the leaves on the inner shells */
export const LEAF = 10

export const MATERIAL_STRIDE = 18
/** Offsets in a material's numbers; colours take three, scale two, options five. */
export const PATTERN = 0
export const COLOR = 1
export const SECOND = 4
export const SCALE = 7
export const GLOSS = 9
export const EMISSION = 10
export const SEED = 11
export const OPTIONS = 12

export const PATTERNS: readonly Pattern[] = [
  'plain',
  'grain',
  'paving',
  'bricks',
  'facade',
  'boards',
  'blotches',
  'stripes',
  'sign',
  'glass',
]

/** Numbers of the patterns: their places in PATTERNS. */
export const PLAIN = 0
export const GRAIN = 1
export const PAVING = 2
export const BRICKS = 3
export const FACADE = 4
export const BOARDED = 5
export const BLOTCHES = 6
export const STRIPES = 7
export const SIGN = 8
export const GLASS = 9

/** Crossings of leaf shells on the way through the middle of a crown: three in, three out. */
const SHELL_CROSSINGS = 6
/** share of the outer shell that has leaves: noise of mean 1/2 above TUFT_FROM */
const TUFTS = 0.62
export const TUFT_FROM = 0.45

/** Flat arrays of a scene and the tree over its parts. Throws RangeError where a part names a material that is not there. */
export function packScene(scene: Scene): World {
  const count = scene.parts.length
  const kinds = new Uint8Array(count)
  const solids = new Float64Array(count * SOLID_STRIDE)
  const bounds = new Float64Array(count * 6)
  const partMaterials = new Int32Array(count)
  scene.parts.forEach((part, index) => {
    const material = scene.materials[part.material]
    if (material === undefined) throw new RangeError(`Part ${index} names material ${part.material} of ${scene.materials.length}.`)
    kinds[index] = kindOf(part, material)
    partMaterials[index] = part.material
    solids.set(solidOf(part, material), index * SOLID_STRIDE)
    bounds.set(boundsOf(part), index * 6)
  })
  const materials = new Float64Array(scene.materials.length * MATERIAL_STRIDE)
  scene.materials.forEach((material, index) => materials.set(materialNumbers(material), index * MATERIAL_STRIDE))
  const groundMaterials = Int32Array.from(scene.groundSpots, (spot) => spot.material)
  const [tree, sky] = [buildTree(bounds), packSky(scene.sky)]
  return { scene, partCount: count, kinds, solids, bounds, partMaterials, materials, groundMaterials, tree, sky }
}

function kindOf({ shape }: Part, material: Material): number {
  if (shape.kind === 'box') return material.pattern === 'boards' && material.options?.[1] === 1 ? BOARDS : BOX
  if (shape.kind === 'gable') return GABLE
  if (shape.kind === 'cylinder') return CYLINDER
  return shape.cover < 1 ? FOLIAGE : ELLIPSOID
}

function solidOf({ shape }: Part, material: Material): number[] {
  if (shape.kind === 'cylinder') {
    const axis = [0, 1, 2].map((dimension) => shape.to[dimension] - shape.from[dimension])
    const length = Math.max(1e-6, Math.hypot(...axis))
    return [...shape.from, ...axis.map((value) => value / length), length, shape.radius, (shape.radiusTo - shape.radius) / length]
  }
  const turn = [Math.cos(shape.yaw), Math.sin(shape.yaw)]
  if (shape.kind === 'ellipsoid') {
    const size = Math.min(0.3, Math.max(0.05, material.scale[0] / 2))
    return [...shape.centre, ...shape.radii, ...turn, ...leaves(shape.cover, size)]
  }
  return [...shape.centre, ...shape.half, ...turn, material.options?.[0] ?? 0, Math.max(0.01, material.scale[0])]
}

/** Leaves of a crown of which rays through its middle meet the share `cover`: [outer shell, cell, inner shells]. */
function leaves(cover: number, size: number): number[] {
  const free = 1 - Math.min(0.9999, Math.max(0, cover))
  const even = 1 - free ** (1 / SHELL_CROSSINGS)
  // the outer shell has tufts with nothing between them; the inner ones make up for it
  const inner = 1 - (free / (1 - TUFTS * even) ** 2) ** (1 / (SHELL_CROSSINGS - 2))
  return [leafRadius(even), size, leafRadius(inner)]
}

/** Squared radius of the leaves in two grids' cells of which the share `met` is covered (a ball's volume: 4/3 pi r^3). */
function leafRadius(met: number): number {
  const each = 1 - Math.sqrt(1 - met)
  return ((3 * each) / (4 * Math.PI)) ** (2 / 3)
}

function boundsOf({ shape }: Part): number[] {
  if (shape.kind === 'cylinder') {
    const { from, to, radius, radiusTo } = shape
    const reach = Math.max(radius, radiusTo)
    return [...[0, 1, 2].map((d) => Math.min(from[d], to[d]) - reach), ...[0, 1, 2].map((d) => Math.max(from[d], to[d]) + reach)]
  }
  const [x, y, z] = shape.centre
  const [rightHalf, upHalf, aheadHalf] = shape.kind === 'ellipsoid' ? shape.radii : shape.half
  const [cos, sin] = [Math.abs(Math.cos(shape.yaw)), Math.abs(Math.sin(shape.yaw))]
  const right = cos * rightHalf + sin * aheadHalf
  const ahead = sin * rightHalf + cos * aheadHalf
  return [x - right, y - upHalf, z - ahead, x + right, y + upHalf, z + ahead]
}

function materialNumbers({ pattern, color, second, scale, gloss, emission, seed, options = [] }: Material): number[] {
  const numbers = [PATTERNS.indexOf(pattern), ...color, ...second, ...scale.map((size) => Math.max(1e-3, size)), gloss, emission, seed]
  return [...numbers, ...[0, 1, 2, 3, 4].map((index) => options[index] ?? Number.NaN)]
}
