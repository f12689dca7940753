import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { digestOf } from './digest.ts'
import { trainingConfig } from './measure.ts'
import { measurementSchema, type Measurement } from './measurement.ts'
import type { BenchmarkModels } from './models.ts'
import { labelsAt, settingsRead, TA_ALONE, type Subject } from './rows.ts'
import type { BenchmarkSize } from './sizes.ts'
import { PERFECT_MASKS_VERSION, ROWS_VERSION, stageVersions, TARGETS_VERSION } from './stage-versions.ts'

export interface Making {
  readonly subject: Subject
  readonly size: BenchmarkSize
  /** SHA-256 of the streets */
  readonly world: string
  readonly models: BenchmarkModels['hashes']
  readonly seed: number
}

/** What makes a measurement, as far as the row depends on it. */
export function makingOf(making: Making): Record<string, unknown> {
  const { subject, size, world, models, seed } = making
  const { kind } = subject
  if (kind === 'refined-labels') return { ...makingOf({ ...making, subject: subject.of }), kind }
  const own = kind === 'student' ? { config: trainingConfig(subject, size, seed), source: subject.init === 'source' ? models.source : null } : {}
  const taught = kind === 'labels' || kind === 'student' ? subject.labels : null
  const labels = taught === 'perfect-masks' ? TA_ALONE : taught === 'truth' ? null : taught
  const sam = labels?.sam ? { sam: models.sam, samSettings: labelsAt(size, labels).samSettings } : {}
  return {
    subject: 'labels' in subject && typeof subject.labels !== 'string' ? { ...subject, labels: settingsRead(subject.labels) } : subject, world, ...own,
    ...(taught === 'perfect-masks' ? { of: settingsRead(TA_ALONE) } : {}),
    ...(taught === 'perfect-masks' || kind === 'perfect-masks' ? { perfectMasks: PERFECT_MASKS_VERSION } : {}),
    ...(kind === 'source' ? { source: models.source, size: { height: size.student.height, width: size.student.width } } : {}),
    ...(kind === 'ta' || kind === 'perfect-masks' || labels !== null ? { ta: models.ta } : {}),
    ...sam,
    ...(kind === 'student' && labels?.sam ? { targets: TARGETS_VERSION } : {}),
    ...(kind === 'labels' && subject.on === 'ablation' ? { panoramas: size.ablation } : {}),
  }
}

/** One key per measurement: world, models, configuration, and versions of the method's stages. */
export function keyOf(making: Making): string {
  return digestOf({ version: ROWS_VERSION, stages: stageVersions(), ...makingOf(making) })
}

/** Finished measurements: a file with one JSON document per line, only ever added to. */
export interface RowCache {
  find(key: string): Measurement | null
  /** every one, oldest first; of one key the newest alone */
  all(): readonly Measurement[]
  add(measurement: Measurement): Promise<void>
}

/**
 * Lines that cannot be read (the last one of a killed process) are left out. `others`: files of the same kind, which are only
 * read; of one key what stands in `path` counts.
 */
export async function openRowCache(path: string, others: readonly string[] = []): Promise<RowCache> {
  await mkdir(dirname(path), { recursive: true })
  const text = await textOf(path)
  const texts = [...await Promise.all(others.map(textOf)), text]
  const rows = new Map(texts.flatMap(measurementsIn).map((measurement) => [measurement.key, measurement]))
  // a line that was cut off must not swallow the next one
  if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n')
  return {
    find: (key) => rows.get(key) ?? null,
    all: () => [...rows.values()],
    async add(measurement) {
      await appendFile(path, lineOf(measurement))
      rows.set(measurement.key, measurement)
    },
  }
}

/** A measurement as a line of such a file. */
export function lineOf(measurement: Measurement): string {
  return `${JSON.stringify(measurement)}\n`
}

/** Empty where there is no file. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

function measurementsIn(text: string): Measurement[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? [])
}

function parseLine(line: string): Measurement | null {
  if (line.trim() === '') return null
  try {
    return measurementSchema.parse(JSON.parse(line))
  } catch {
    return null
  }
}
