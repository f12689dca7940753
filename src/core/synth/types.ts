/**
 * A street as data: what a scene builder (`scene/`) makes and what the ray caster (`render/`) draws.
 * World: metres; x to the right, y up, z ahead (as in ../geometry/sphere.ts); y = 0 is the road's surface.
 */

export type Vector = readonly [x: number, y: number, z: number]

/** `source`: the world of ordinary street images that teachers are trained in; `target`: the one that panoramas are taken in. */
export type Style = 'source' | 'target'
export type Look = 'day' | 'dusk' | 'overcast' | 'rain'

/** What a surface is made of; every pattern is a function of the position, so that nothing repeats and nothing is stored. */
export type Pattern =
  | 'plain'
  /** fine grains of two colours: asphalt, concrete, plaster */
  | 'grain'
  /** paving stones or tiles with joints of the second colour */
  | 'paving'
  /** rows of bricks, each row shifted by half a brick */
  | 'bricks'
  /** a facade: wall of the first colour, a grid of windows of the second; options: window's share of the cell's width and height, share of lit windows, height of the ground floor (shops) */
  | 'facade'
  /** vertical boards or bars; options: share of the gap between them, which is a hole where `holes` is 1 */
  | 'boards'
  /** blotches of two colours at several scales: bark, grass, leaves, earth */
  | 'blotches'
  /** horizontal stripes of two colours */
  | 'stripes'
  /** a sign's face: a border of the second colour, a symbol drawn from the seed */
  | 'sign'
  /** a flat colour that mirrors the sky; with emission, a lit room is seen through it */
  | 'glass'

export interface Material {
  readonly pattern: Pattern
  /** linear RGB, 0..1 */
  readonly color: Vector
  readonly second: Vector
  /** size of one unit of the pattern, metres: [along, up] */
  readonly scale: readonly [number, number]
  /** 0: matt, 1: a mirror */
  readonly gloss: number
  /** light that it gives by itself, in units of `color` */
  readonly emission: number
  readonly seed: number
  /** numbers of the pattern, as said there */
  readonly options?: readonly number[]
}

export type Shape =
  /** `yaw` turns about the vertical, radians, positive to the right (from z to x) */
  | { readonly kind: 'box'; readonly centre: Vector; readonly half: Vector; readonly yaw: number }
  /** a roof: triangular prism in the box of these half sides, ridge along its own z, on top */
  | { readonly kind: 'gable'; readonly centre: Vector; readonly half: Vector; readonly yaw: number }
  /** a capped, truncated cone between two points */
  | { readonly kind: 'cylinder'; readonly from: Vector; readonly to: Vector; readonly radius: number; readonly radiusTo: number }
  /** `cover` < 1: foliage, of which rays meet that share, leaf by leaf; its surface is rough */
  | { readonly kind: 'ellipsoid'; readonly centre: Vector; readonly radii: Vector; readonly yaw: number; readonly cover: number }

/** One solid; a thing (a car, a tree) is several parts with the same instance number. */
export interface Part {
  readonly shape: Shape
  /** index into the scene's materials */
  readonly material: number
  /** Cityscapes trainId */
  readonly trainId: number
  /** 1..65535 for things; 0 for stuff (sky, road, ...) */
  readonly instanceId: number
}

export interface GroundSpot {
  readonly material: number
  readonly trainId: number
}

export interface Sky {
  readonly look: Look
  /** unit vector to the sun */
  readonly sun: Vector
  /** linear RGB radiance of the sun's light on a surface that faces it; [0, 0, 0] where it is behind clouds */
  readonly sunlight: Vector
  readonly zenith: Vector
  readonly horizon: Vector
  readonly cloudColor: Vector
  /** 0..1 */
  readonly cloudCover: number
  /** linear RGB light from all over the sky on surfaces that face up */
  readonly ambient: Vector
  readonly seed: number
}

/** A place where a camera may stand. */
export interface CameraSpot {
  /** the lens */
  readonly position: Vector
  /** along the street, radians, positive to the right */
  readonly yaw: number
}

/** What the camera makes of the light. */
export interface Sensor {
  /** factor on radiance before tone mapping */
  readonly exposure: number
  /** gains of red, green and blue */
  readonly whiteBalance: Vector
  /** standard deviation at mid grey, of 255 */
  readonly noise: number
  /** standard deviation of the lens's blur, pixels of an image of 1024 columns */
  readonly blur: number
  /** vertical darkening and colour fringes are left out */
  readonly saturation: number
}

export interface Scene {
  readonly seed: number
  readonly style: Style
  readonly parts: readonly Part[]
  readonly materials: readonly Material[]
  /** What lies at y = 0; called for every ray that meets the ground: no allocation, index into `groundSpots` */
  readonly groundAt: (x: number, z: number) => number
  readonly groundSpots: readonly GroundSpot[]
  readonly sky: Sky
  /** haze: share of light lost per metre, and its colour */
  readonly haze: number
  readonly hazeColor: Vector
  /** 0: dry, 1: the ground mirrors like after rain */
  readonly wetness: number
  readonly sensor: Sensor
  /** for panoramas (middle of the street, pavements, crossings) and for street cameras (in a lane, looking along it) */
  readonly panoramaSpots: readonly CameraSpot[]
  readonly pinholeSpots: readonly CameraSpot[]
  /** for cameras that are carried along a pavement */
  readonly walkerSpots: readonly CameraSpot[]
}

/** An image with its truth. Row by row from above left. */
export interface SyntheticImage {
  readonly width: number
  readonly height: number
  /** 8-bit sRGB, three numbers per pixel */
  readonly rgb: Uint8Array<ArrayBuffer>
  readonly trainIds: Uint8Array<ArrayBuffer>
  /** 0: no thing */
  readonly instanceIds: Uint16Array<ArrayBuffer>
  /** metres along the ray; Infinity: sky */
  readonly depthM: Float32Array<ArrayBuffer>
}

/** One image of the procedural world. The same request gives the same pixels. */
export interface SynthRequest {
  readonly view: 'panorama' | 'pinhole'
  readonly style: Style
  readonly seed: number
  /** number of the image: each has a street of its own */
  readonly index: number
  readonly width: number
  readonly height: number
  /** vertical field of view of a panorama, degrees (180: whole sphere; horizon in the middle); horizontal one of a pinhole image */
  readonly fovDeg: number
  /** how far a pinhole camera looks up, degrees, -90 .. 90; 0 where omitted */
  readonly pitchDeg?: number
  /** who carries a pinhole camera: a car in a lane (where omitted), or somebody on a pavement */
  readonly carrier?: 'car' | 'walker'
}
