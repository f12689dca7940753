/** A small street made by hand, for tests: one of each shape and pattern. */
import type { Material, Part, Pattern, Scene, Shape, Vector } from '../types.ts'

const MATERIALS: readonly Material[] = [
  made('grain', { color: [0.09, 0.09, 0.095], second: [0.2, 0.2, 0.2], scale: [0.02, 0.02] }),
  made('paving', { color: [0.3, 0.28, 0.26], second: [0.12, 0.11, 0.1], scale: [0.4, 0.4] }),
  made('facade', { color: [0.55, 0.42, 0.3], second: [0.05, 0.06, 0.08], scale: [2.4, 3.1], options: [0.5, 0.55, 0.1, 4] }),
  made('bricks', { color: [0.4, 0.16, 0.1], second: [0.4, 0.38, 0.35], scale: [0.25, 0.08] }),
  made('blotches', { color: [0.08, 0.17, 0.04], second: [0.2, 0.3, 0.07], scale: [0.14, 0.14] }),
  made('blotches', { color: [0.16, 0.11, 0.07], second: [0.08, 0.05, 0.035], scale: [0.1, 0.1] }),
  made('plain', { color: [0.5, 0.03, 0.03], gloss: 0.45 }),
  made('glass', { color: [0.04, 0.05, 0.06], gloss: 0.85 }),
  made('boards', { color: [0.45, 0.33, 0.2], second: [0.2, 0.14, 0.09], scale: [0.16, 1], options: [0.3, 1] }),
  made('sign', { color: [0.02, 0.1, 0.5], second: [0.85, 0.85, 0.85], scale: [1, 1] }),
  made('stripes', { color: [0.7, 0.05, 0.05], second: [0.85, 0.85, 0.85], scale: [0.3, 0.3] }),
  made('plain', { color: [0.25, 0.25, 0.26], gloss: 0.2 }),
  made('paving', { color: [0.35, 0.13, 0.08], second: [0.15, 0.05, 0.04], scale: [0.3, 0.4] }),
]

function made(pattern: Pattern, rest: Partial<Material>): Material {
  const plain = { color: [0.5, 0.5, 0.5], second: [0.2, 0.2, 0.2], scale: [1, 1], gloss: 0, emission: 0, seed: 7 } as const
  return { pattern, ...plain, ...rest }
}

export function box(centre: Vector, half: Vector, yaw = 0): Shape {
  return { kind: 'box', centre, half, yaw }
}

function part(shape: Shape, material: number, [trainId, instanceId]: readonly [number, number]): Part {
  return { shape, material, trainId, instanceId }
}

/** A street along z, 8 m wide, with pavements, houses, trees, a car, a fence, a sign. */
export function testScene(changes: Partial<Scene> = {}): Scene {
  const parts: Part[] = []
  for (let block = -4; block < 5; block++) {
    for (const side of [-1, 1]) {
      const z = block * 17
      const height = 5 + ((block * 7 + side * 3 + 40) % 5)
      parts.push(part(box([side * 13, height, z], [5, height, 8]), block % 2 === 0 ? 2 : 3, [2, 0]))
      parts.push(part({ kind: 'gable', centre: [side * 13, 2 * height + 1.5, z], half: [5.3, 1.5, 8.2], yaw: 0 }, 12, [2, 0]))
      const trunk = { kind: 'cylinder', from: [side * 5, 0, z + 6], to: [side * 5, 3, z + 6], radius: 0.2, radiusTo: 0.13 } as const
      parts.push(part(trunk, 5, [8, 0]))
      const crown = { kind: 'ellipsoid', centre: [side * 5, 4.4, z + 6], radii: [1.9, 2.1, 1.9], yaw: 0.4, cover: 0.93 } as const
      parts.push(part(crown, 4, [8, 0]))
      const small = { kind: 'ellipsoid', centre: [side * 5.5, 3.9, z + 7.2], radii: [1.3, 1.2, 1.3], yaw: 0, cover: 0.93 } as const
      parts.push(part(small, 4, [8, 0]))
    }
    const kerb = [-1, 1].map((side) => part(box([side * 6.25, 0.06, block * 17], [2.25, 0.06, 8.5]), 1, [1, 0]))
    parts.push(...kerb)
  }
  for (let car = 0; car < 6; car++) {
    const [x, z] = [car % 2 === 0 ? 2.9 : -2.9, -20 + car * 9]
    parts.push(part(box([x, 0.75, z], [0.9, 0.42, 2.2]), 6, [13, car + 1]), part(box([x, 1.38, z - 0.2], [0.78, 0.28, 1.2]), 7, [13, car + 1]))
    for (const [dx, dz] of [[-0.8, -1.4], [0.8, -1.4], [-0.8, 1.4], [0.8, 1.4]]) {
      const tyre = { kind: 'cylinder', from: [x + dx - 0.1, 0.33, z + dz], to: [x + dx + 0.1, 0.33, z + dz], radius: 0.33, radiusTo: 0.33 } as const
      parts.push(part(tyre, 0, [13, car + 1]))
    }
  }
  parts.push(part(box([7.6, 0.7, 4], [0.03, 0.6, 4]), 8, [4, 0]))
  const post = { kind: 'cylinder', from: [4.3, 0, 7], to: [4.3, 3, 7], radius: 0.05, radiusTo: 0.05 } as const
  const face = { kind: 'cylinder', from: [4.3, 2.7, 6.95], to: [4.3, 2.7, 6.92], radius: 0.4, radiusTo: 0.4 } as const
  parts.push(part(post, 11, [5, 0]), part(face, 9, [7, 0]), part(box([4.3, 1.9, 6.94], [0.35, 0.25, 0.02]), 9, [7, 0]))
  parts.push(part({ kind: 'cylinder', from: [-4.4, 0, 5], to: [-4.4, 1.1, 5], radius: 0.12, radiusTo: 0.1 }, 10, [5, 0]))
  const length = Math.hypot(0.5, 0.75, -0.45)
  return {
    seed: 1,
    style: 'target',
    parts,
    materials: MATERIALS,
    groundAt: (x) => (Math.abs(x) < 4 ? 0 : 1),
    groundSpots: [
      { material: 0, trainId: 0 },
      { material: 1, trainId: 1 },
    ],
    sky: {
      look: 'day',
      sun: [0.5 / length, 0.75 / length, -0.45 / length],
      sunlight: [2.1, 1.95, 1.7],
      zenith: [0.16, 0.32, 0.68],
      horizon: [0.6, 0.72, 0.85],
      cloudColor: [1, 1, 1.02],
      cloudCover: 0.45,
      ambient: [0.5, 0.6, 0.78],
      seed: 3,
    },
    haze: 0.002,
    hazeColor: [0.6, 0.7, 0.82],
    wetness: 0,
    sensor: { exposure: 1, whiteBalance: [1, 1, 1], noise: 2, blur: 0.5, saturation: 1.05 },
    panoramaSpots: [{ position: [0.3, 2, 0], yaw: 0 }],
    pinholeSpots: [{ position: [1.8, 1.4, -6], yaw: 0 }],
    walkerSpots: [{ position: [0.3, 2, 0], yaw: 0 }],
    ...changes,
  }
}
