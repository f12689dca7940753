/** Vehicles that stand in yards, off the street. */
import type { Quarter } from './buildings.ts'
import type { Random } from './draw.ts'
import { addTruck } from './heavy-vehicles.ts'
import * as vehicles from './vehicles.ts'
import type { Place } from './writer.ts'

export function addCar(random: Random, { writer, style }: Quarter, place: Place): void {
  vehicles.addCar(random, { writer, style, lampsOn: false }, { ...place, near: false, kind: vehicles.drawCarKind(random, style), parked: true })
}

export function addParkedTruck(random: Random, { writer, style }: Quarter, place: Place): void {
  addTruck(random, { writer, style, lampsOn: false }, place)
}
