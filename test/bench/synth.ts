import { generateView } from '../../src/core/synth/generate.ts'
import { castBeams, castInBeam, squareOf } from '../../src/core/synth/render/beams.ts'
import { aimAtPixel, newCamera } from '../../src/core/synth/render/camera.ts'
import { newRay, RAY_TO } from '../../src/core/synth/render/shapes.ts'
import { nearestPartByTrying } from '../../src/core/synth/render/trace.ts'
import { packScene } from '../../src/core/synth/render/world.ts'
import { buildScene } from '../../src/core/synth/scene/build-scene.ts'
import type { BenchResult } from './result.ts'

/**
 * Procedural panoramas: seconds each (street, drawing, truth), and how much faster a pixel's ray finds what it shows than
 * by trying every part of the street, with equal results. All in this thread's processor time.
 */
const SIZE = { view: 'panorama', width: 1024, height: 512, fovDeg: 180 } as const
const SEED = 20
const PANORAMAS = 8
/** drawn before the clock counts, for the compiler */
const WARM_UP = 2
/** every so many-th row is also drawn by trying every part */
const ROW_STEP = 24
const MOST_SECONDS = 1.5
const FLOOR = 20

export async function bench(): Promise<BenchResult> {
  const seconds: number[] = []
  let parts = 0
  for (let index = -WARM_UP; index < PANORAMAS; index++) {
    const took = timed(() => generateView({ ...SIZE, style: 'target', seed: SEED, index: index + WARM_UP }))
    if (index >= 0) seconds.push(took)
  }
  const rays = { ours: 0, trying: 0 }
  for (let index = 0; index < 3; index++) {
    const scene = buildScene({ seed: SEED, index, style: 'target' })
    parts += scene.parts.length / 3
    const world = packScene(scene)
    const camera = newCamera(scene.panoramaSpots[0], SIZE)
    const depths = { ours: new Float64Array(SIZE.width * SIZE.height), trying: new Float64Array(SIZE.width * SIZE.height) }
    const ray = newRay()
    const eachPixel = (step: number, cast: (column: number, row: number) => void): void => {
      for (let row = ROW_STEP / 2; row < SIZE.height; row += step) {
        for (let column = 0; column < SIZE.width; column++) {
          aimAtPixel(camera, ray, { column, row })
          cast(column, row)
        }
      }
    }
    rays.ours += timed(() => {
      const beams = castBeams(world, camera)
      eachPixel(1, (column, row) => {
        castInBeam(world, ray, { beams, square: squareOf(beams, column, row) })
        depths.ours[row * SIZE.width + column] = ray[RAY_TO]
      })
    }) / (SIZE.height - ROW_STEP / 2)
    rays.trying += timed(() => {
      eachPixel(ROW_STEP, (column, row) => {
        if (ray[4] < 0) ray[RAY_TO] = Math.min(ray[RAY_TO], -ray[1] / ray[4])
        nearestPartByTrying(world, ray)
        depths.trying[row * SIZE.width + column] = ray[RAY_TO]
      })
    }) / Math.ceil((SIZE.height - ROW_STEP / 2) / ROW_STEP)
    eachPixel(ROW_STEP, (column, row) => {
      const at = row * SIZE.width + column
      if (depths.ours[at] !== depths.trying[at]) throw new Error(`Street ${index}, column ${column}, row ${row}: ${depths.ours[at]} m, by trying every part ${depths.trying[at]} m.`)
    })
  }
  const median = seconds.toSorted((a, b) => a - b)[PANORAMAS >> 1]
  const ratio = rays.trying / rays.ours
  return {
    name: 'synth',
    values: {
      panorama: `${SIZE.width} x ${SIZE.height}`,
      'parts per street': Math.round(parts),
      'per panorama, CPU s': round(median),
      'slowest, CPU s': round(Math.max(...seconds)),
    },
    ratios: {
      'target s / panorama s': { value: round(MOST_SECONDS / median), floor: 1, ok: median <= MOST_SECONDS },
      'trying every part / ours': { value: round(ratio), floor: FLOOR, ok: ratio >= FLOOR },
    },
    figures: { synthSeconds: round(median) },
  }
}

/** Seconds of this thread's processor time. */
function timed(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1e6
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
