/** Cityscapes trainIds by name, for those who paint parts. */
import { CITYSCAPES } from '../../labels/cityscapes.ts'

function trainIdOf(name: string): number {
  const found = CITYSCAPES.classes.find((one) => one.name === name)
  if (!found) throw new RangeError(`Cityscapes has no class "${name}".`)
  return found.trainId
}

export const ROAD = trainIdOf('road')
export const SIDEWALK = trainIdOf('sidewalk')
export const BUILDING = trainIdOf('building')
export const WALL = trainIdOf('wall')
export const FENCE = trainIdOf('fence')
export const POLE = trainIdOf('pole')
export const TRAFFIC_LIGHT = trainIdOf('traffic light')
export const TRAFFIC_SIGN = trainIdOf('traffic sign')
export const VEGETATION = trainIdOf('vegetation')
export const TERRAIN = trainIdOf('terrain')
export const PERSON = trainIdOf('person')
export const RIDER = trainIdOf('rider')
export const CAR = trainIdOf('car')
export const TRUCK = trainIdOf('truck')
export const BUS = trainIdOf('bus')
export const TRAIN = trainIdOf('train')
export const MOTORCYCLE = trainIdOf('motorcycle')
export const BICYCLE = trainIdOf('bicycle')
