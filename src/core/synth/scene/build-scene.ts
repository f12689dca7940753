/** A street from three numbers: plan, plots, ground, traffic, pavements, weather. */
import { seededRandom } from '../../goodsam/distillation/random.ts'
import type { CameraSpot, Scene, Style } from '../types.ts'
import type { Quarter } from './buildings.ts'
import { createFocus } from './focus.ts'
import { addFrontage } from './frontage.ts'
import { drawGround } from './ground.ts'
import { drawWeather } from './looks.ts'
import { type Occupancy, around, createOccupancy } from './occupancy.ts'
import { addPavements } from './pavement.ts'
import { drawPanoramaSpots, drawPinholeSpots, drawPlan } from './street-plan.ts'
import { addTraffic } from './traffic.ts'
import { createWriter } from './writer.ts'

export interface SceneRequest {
  readonly seed: number
  /** number of the street */
  readonly index: number
  readonly style: Style
}

/** Streams of a street's seed: each part of the work draws from its own, so that a change in one leaves the others alone. */
const STREAM = { plan: 1, spots: 2, weather: 3, ground: 4, frontage: 5, traffic: 6, pavement: 7 } as const

/** Builds the street that seed, index and style name. The same request gives the same scene. */
export function buildScene({ seed, index, style }: SceneRequest): Scene {
  const random = (stream: keyof typeof STREAM) => seededRandom(seed, index, style === 'source' ? 0 : 1, STREAM[stream])
  const plan = drawPlan(random('plan'), style)
  const spots = random('spots')
  const pinholeSpots = drawPinholeSpots(spots, plan)
  const { panoramaSpots, walkerSpots } = drawPanoramaSpots(spots, plan)
  const weather = drawWeather(random('weather'), style)
  const writer = createWriter()
  const occupancy = createOccupancy([...pinholeSpots, ...panoramaSpots])
  reserveCameras(occupancy, { pinholeSpots, panoramaSpots })
  const focus = createFocus(style, { pinholeSpots, panoramaSpots })

  const quarter: Quarter = { writer, style, litWindows: weather.litWindows }
  const paved = addFrontage(random('frontage'), plan, quarter)
  const { groundAt, groundSpots } = drawGround(random('ground'), plan, { writer, paved })
  const crowd = { writer, style, raining: weather.sky.look === 'rain' }
  addTraffic(random('traffic'), plan, { writer, style, lampsOn: weather.lampsOn, crowd, occupancy, focus })
  addPavements(random('pavement'), plan, { writer, style, lampsOn: weather.lampsOn, crowd, occupancy, focus })

  return {
    seed, style, parts: writer.parts, materials: writer.materials, groundAt, groundSpots,
    sky: weather.sky, haze: weather.haze, hazeColor: weather.hazeColor, wetness: weather.wetness, sensor: weather.sensor,
    panoramaSpots, pinholeSpots, walkerSpots,
  }
}

/** Keeps the cameras' places free, and a few metres of road before those that look along a lane. */
function reserveCameras(occupancy: Occupancy, { pinholeSpots, panoramaSpots }: { pinholeSpots: readonly CameraSpot[]; panoramaSpots: readonly CameraSpot[] }): void {
  for (const { position: [x, , z] } of panoramaSpots) occupancy.take(around(x, z, [1.5, 1.5]))
  for (const { position: [x, , z], yaw } of pinholeSpots) occupancy.take(around(x, z + 2 * Math.cos(yaw), [1.5, 4]))
}
