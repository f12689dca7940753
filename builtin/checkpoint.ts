/** Where a training stands, in one file that is whole or not there at all. */
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readSafetensors, toFloat32, writeSafetensors } from '../src/core/formats/safetensors.ts'
import { flushFolder, writeDurably } from '../src/main/artifacts/durable-files.ts'
import type { TrainingState } from '../src/main/engine/training-session.ts'

/** The mean over the steps since the last point. */
export interface CurvePoint {
  readonly step: number
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
  readonly learningRate: number
  /** wall-clock seconds of training so far */
  readonly seconds: number
}

export interface ScorePoint {
  readonly step: number
  readonly scores: Readonly<Record<string, number>>
}

/** A stretch of training by one process. */
export interface Stretch {
  readonly fromStep: number
  readonly toStep: number
  readonly seconds: number
  readonly provider: string
  readonly threads: number
  /** its processor; stretches of old do not name it */
  readonly machine?: string
  /** what it learnt from, as the model's own program says */
  readonly data: Readonly<Record<string, unknown>>
}

export interface Progress {
  /** updates done */
  readonly step: number
  readonly curve: readonly CurvePoint[]
  readonly scores: readonly ScorePoint[]
  readonly stretches: readonly Stretch[]
}

/** At most so many points of the curve come with a model */
const CURVE_POINTS = 200

/** The progress with every second, third, ... point of its curve, the last one among them. */
export function thinned(progress: Progress): Progress {
  const { curve } = progress
  const every = Math.max(1, Math.ceil(curve.length / CURVE_POINTS))
  return { ...progress, curve: curve.filter((_, index) => (curve.length - 1 - index) % every === 0) }
}

export interface Checkpoint {
  readonly progress: Progress
  readonly state: TrainingState
}

const FILE = 'checkpoint.safetensors'

/** The checkpoint in `folder`, or null where there is none. Throws Error naming the file where it is damaged. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | null> {
  const path = join(folder, FILE)
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (bytes === null) return null
  try {
    const { tensors, metadata } = readSafetensors(bytes)
    const progress = JSON.parse(metadata['progress'] ?? '') as Progress
    const vectors = new Map(Object.entries(tensors).map(([name, tensor]) => [name, toFloat32(tensor)]))
    return { progress, state: { updates: Number(metadata['updates']), vectors } }
  } catch (cause) {
    throw new Error(`${path} is no checkpoint that can be gone on from: move it away to begin anew.`, { cause })
  }
}

/** Replaces the checkpoint in `folder`. Throws Error, and keeps the old one, where a number of the state is not finite. */
export async function writeCheckpoint(folder: string, { progress, state }: Checkpoint): Promise<void> {
  const tensors = Object.fromEntries([...state.vectors].map(([name, data]) => {
    if (!data.every(Number.isFinite)) throw new Error(`After ${progress.step} steps "${name}" holds numbers that are not finite: the last checkpoint is kept. Lower the learning rate.`)
    return [name, { dtype: 'F32' as const, shape: [data.length], data }]
  }))
  await replaceFile(join(folder, FILE), writeSafetensors(tensors, { progress: JSON.stringify(progress), updates: String(state.updates) }))
}

/** Writes a file so that its name stands for the old contents or for the new ones, never for half of them. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  await rm(temporary, { force: true })
  await writeDurably(temporary, bytes)
  await rename(temporary, path)
  await flushFolder(dirname(path))
}
