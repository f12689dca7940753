import { z } from 'zod'
import type { Measurement } from './measurement.ts'
import { effectiveLosses, type RowSpec, type Subject } from './rows.ts'
import { GROUPS, type BenchmarkSize } from './sizes.ts'

/** What a row says in the end: means over its seeds, in percent and points as papers write them. */

const percentSchema = z.number().nullable()

export const rowSchema = z.object({
  name: z.string(),
  group: z.enum(GROUPS),
  title: z.string(),
  /** mean over the seeds, 0..100 */
  miou: z.number(),
  boundaryF: percentSchema,
  seam: percentSchema,
  pixelAccuracy: z.number(),
  solidAngleMiou: z.number(),
  latitude: z.array(z.object({ fromDeg: z.number(), toDeg: z.number(), miou: percentSchema })),
  perClass: z.array(z.object({ trainId: z.int(), name: z.string(), iou: percentSchema })),
  /** learned numbers of all networks that it takes */
  parameters: z.number().nullable(),
  msPerPanorama: z.number().nullable(),
  seeds: z.array(z.object({ seed: z.int(), miou: z.number() })),
  /** standard deviation of the seeds' mIoU, points; null: one seed */
  spread: z.number().nullable(),
  /** which panoramas score it: evaluation, or training ones against truth that the product does not know */
  on: z.enum(['evaluation', 'training']),
  panoramas: z.int(),
  size: z.string(),
  command: z.string(),
  /** of all its seeds, of the attempts that ended */
  seconds: z.number(),
  at: z.string(),
  machine: z.string(),
  made: z.record(z.string(), z.unknown()),
})
export type Row = z.infer<typeof rowSchema>

/** A row from its measurements, of different seeds. Throws RangeError where there is none. */
export function toRow(spec: RowSpec, size: BenchmarkSize, measurements: readonly Measurement[]): Row {
  if (measurements.length === 0) throw new RangeError(`The row ${spec.name} was not measured.`)
  const [first] = measurements
  const last = measurements.reduce((newest, one) => (one.at > newest.at ? one : newest))
  const each = (pick: (measurement: Measurement) => number | null): number | null => meanOf(measurements.map(pick))
  const inPercent = (pick: (measurement: Measurement) => number | null): number | null => percentOf(each(pick))
  return {
    name: spec.name, group: spec.group, title: spec.title,
    miou: required(inPercent(({ miou }) => miou)),
    boundaryF: inPercent(({ boundaryF }) => boundaryF),
    seam: inPercent(({ seam }) => seam),
    pixelAccuracy: required(inPercent(({ pixelAccuracy }) => pixelAccuracy)),
    solidAngleMiou: required(inPercent(({ solidAngleMiou }) => solidAngleMiou)),
    latitude: first.latitude.map(({ fromDeg, toDeg }) => ({
      fromDeg, toDeg, miou: inPercent(({ latitude }) => latitude.find((band) => band.fromDeg === fromDeg)?.miou ?? null),
    })),
    perClass: first.perClass.map(({ trainId, name }) => ({
      trainId, name, iou: inPercent(({ perClass }) => perClass.find((one) => one.trainId === trainId)?.iou ?? null),
    })),
    parameters: first.parameters,
    msPerPanorama: each(({ msPerPanorama }) => msPerPanorama),
    seeds: measurements.map(({ seed, miou }) => ({ seed: seed ?? 1, miou: 100 * miou })),
    spread: percentOf(deviationOf(measurements.map(({ miou }) => miou))),
    on: isOnTraining(spec.subject) ? 'training' : 'evaluation',
    panoramas: first.panoramas,
    size: size.name,
    command: commandOf(spec, size, measurements.length),
    seconds: measurements.reduce((sum, { seconds }) => sum + seconds, 0),
    at: last.at, machine: last.machine,
    made: first.made,
  }
}

export function commandOf({ name }: Pick<RowSpec, 'name'>, size: BenchmarkSize, seeds: number): string {
  const asked = seeds === size.seeds || seeds === 1 ? '' : ` --seeds ${seeds}`
  return `npm run -s benchmark -- --size ${size.name} --only ${name}${asked}`
}

/** null where there is no number; what some seeds lack is the mean of the others. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** Standard deviation as estimated from a sample (n - 1); null for fewer than two. */
export function deviationOf(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

/** Terms of the loss that a student row is taught with, for people; empty for other rows. */
export function termsOf(subject: Subject): string {
  if (subject.kind !== 'student') return ''
  return Object.entries(effectiveLosses(subject)).filter(([, { on, weight }]) => on && weight > 0).map(([name, { weight }]) => (weight === 1 ? name : `${weight} x ${name}`)).join(' + ')
}

function isOnTraining(subject: Subject): boolean {
  return subject.kind === 'labels' && subject.on === 'ablation'
}

function percentOf(share: number | null): number | null {
  return share === null ? null : 100 * share
}

function required(value: number | null): number {
  if (value === null) throw new RangeError('A measurement has no mIoU.')
  return value
}
