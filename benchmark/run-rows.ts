import { cpus, totalmem } from 'node:os'
import { duration, note } from '../src/main/cli/output.ts'
import type { Finding, Measurement } from './measurement.ts'
import { meanOf, toRow, type Row } from './results.ts'
import { keyOf, makingOf, type Making, type RowCache } from './row-cache.ts'
import type { RowSpec, Subject } from './rows.ts'
import type { BenchmarkSize } from './sizes.ts'

export interface RunOptions {
  readonly size: BenchmarkSize
  readonly seeds: number
  readonly world: string
  readonly models: Making['models']
  readonly cache: RowCache
  readonly measure: (spec: RowSpec, seed: number) => Promise<Finding>
  /** asks for no more rows; what is finished is kept */
  readonly signal: AbortSignal
}

export interface RunOutcome {
  readonly rows: readonly Row[]
  /** that the rows are of */
  readonly measurements: readonly Measurement[]
  readonly failed: readonly { readonly name: string; readonly seed: number; readonly message: string }[]
}

/** One measurement to be made. */
interface Task {
  readonly spec: RowSpec
  readonly seed: number
  readonly making: Making
  readonly key: string
}

/**
 * Measures what was not measured before, row by row, each measurement written down as it ends. A row that fails is named and
 * the others go on: a night's run should not end at midnight.
 */
export async function runRows(specs: readonly RowSpec[], options: RunOptions): Promise<RunOutcome> {
  const { cache, measure, signal } = options
  const tasks = tasksOf(specs, options)
  const open = tasks.filter(({ key }) => cache.find(key) === null)
  note(`${specs.length} rows, ${tasks.length} measurements, ${open.length} to be made`)
  const failed: { name: string; seed: number; message: string; key: string }[] = []
  for (const [index, { spec, seed, making, key }] of open.entries()) {
    signal.throwIfAborted()
    // rows may share a measurement
    if (cache.find(key) !== null || failed.some((one) => one.key === key)) continue
    note(`[${index + 1}/${open.length}] ${spec.name}${isSeeded(spec) ? `, seed ${seed}` : ''}: ${spec.title}${timeLeft(open.slice(index), cache)}`)
    const began = performance.now()
    try {
      const found = await measure(spec, seed)
      const seconds = (performance.now() - began) / 1000
      await cache.add({ key, name: spec.name, seed: isSeeded(spec) ? seed : null, ...found, seconds, at: new Date().toISOString(), machine: machine(), made: makingOf(making) })
      note(`    mIoU ${(100 * found.miou).toFixed(2)} in ${duration(seconds)}`)
    } catch (error) {
      signal.throwIfAborted()
      const message = error instanceof Error ? error.message : String(error)
      if (isPause(error)) throw error
      failed.push({ name: spec.name, seed, message, key })
      note(`    failed: ${message}`)
    }
  }
  return { ...measuredOf(specs, options), failed }
}

/** The rows of which something is in the cache. */
export function measuredOf(specs: readonly RowSpec[], options: Omit<RunOptions, 'measure' | 'signal'>): Pick<RunOutcome, 'rows' | 'measurements'> {
  const { cache, size } = options
  // rows may share a measurement
  const measurements = new Map<string, Measurement>()
  const rows = specs.flatMap((spec) => {
    const found = tasksOf([spec], options).flatMap(({ key, seed }): Measurement[] => {
      const measurement = cache.find(key)
      if (measurement === null) return []
      measurements.set(key, measurement)
      return [{ ...measurement, seed }]
    })
    return found.length === 0 ? [] : [toRow(spec, size, found)]
  })
  return { rows, measurements: [...measurements.values()] }
}

function tasksOf(specs: readonly RowSpec[], { size, seeds, world, models }: Omit<RunOptions, 'measure' | 'signal' | 'cache'>): Task[] {
  const upTo = (spec: RowSpec): number => (isSeeded(spec) ? seeds : 1)
  // a seed of every row before the next seed of any
  return Array.from({ length: seeds }, (_, index) => index + 1).flatMap((seed) => specs.filter((spec) => seed <= upTo(spec)).map((spec): Task => {
    const making: Making = { subject: spec.subject, size, world, models, seed }
    return { spec, seed, making, key: keyOf(making) }
  }))
}

/** Only trainings draw anything. */
function isSeeded({ subject }: RowSpec): boolean {
  return subject.kind === 'student' || subject.kind === 'refined-labels'
}

/** As long as rows of the same kind took; those of a kind that was never measured are not counted, and it says so. */
function timeLeft(open: readonly Task[], cache: RowCache): string {
  const taken = new Map<string, number[]>()
  for (const { seconds, made } of cache.all()) {
    const subject = made['subject'] as Subject | undefined
    if (subject === undefined) continue
    const kind = kindOf(subject)
    taken.set(kind, [...(taken.get(kind) ?? []), seconds])
  }
  const expected = open.map(({ spec }) => meanOf(taken.get(kindOf(spec.subject)) ?? []))
  const known = expected.filter((seconds) => seconds !== null)
  if (known.length === 0) return ''
  const unknown = expected.length - known.length
  return `, about ${duration(known.reduce((sum, seconds) => sum + seconds, 0))} left${unknown === 0 ? '' : ` and ${unknown} of unknown length`}`
}

function kindOf(subject: Subject): string {
  return subject.kind === 'student' ? `student ${subject.student}` : subject.kind
}

function isPause(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'cancelled'
}

export function machine(): string {
  return `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}
