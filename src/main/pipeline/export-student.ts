import { join } from 'node:path'
import { z } from 'zod'
import { StudioError, toWireError } from '../../contract/errors.ts'
import type { Panorama } from '../../contract/schemas.ts'
import type { ExportedFile, Student, StudentExport } from '../../contract/training-schemas.ts'
import { classNames, labelsJson, preprocessorConfig } from '../../core/formats/hugging-face.ts'
import { modelCard } from '../../core/formats/model-card.ts'
import { sampleFiles } from '../../core/formats/sample-programs.ts'
import { labelPalette } from '../../core/labels/palette.ts'
import { studentConfig, toConfigJson } from '../../core/networks/segformer/config.ts'
import type { ArtifactStore, StoredArtifact } from '../artifacts/artifact-store.ts'
import { sha256OfFile } from '../artifacts/durable-files.ts'
import type { ExportEngine, NetworkImage, NetworkMeasurement } from '../engine/export-protocol.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import { JobInterrupted } from '../jobs/job-handler.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import type { Store } from '../store/open-store.ts'
import { listPanoramas } from '../store/panoramas.ts'
import { failStudentExport, finishStudentExport, getStudentExport, reopenStudentExport } from '../store/student-exports.ts'
import { getStudent } from '../store/students.ts'
import { openExportFolder, type ExportFileSystem, type ExportFolder } from './export-folder.ts'
import { safeName } from './import-names.ts'
import { cardOf } from './student-card.ts'
import { zipFiles } from './zip-files.ts'

export interface StudentExportTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: ExportEngine
  /** the program's version, for the card */
  readonly version: string
  /** a test fills the disk here */
  readonly fileSystem?: ExportFileSystem
}

export const exportPayloadSchema = z.object({ exportId: z.string(), zip: z.boolean() })
export type ExportPayload = z.infer<typeof exportPayloadSchema>

/** What an export folder holds, for openExportFolder. */
export const STUDENT_FORMAT = 'student'
/** The networks, and the least share of the pixels on which each agrees with the checkpoint. */
const NETWORKS = {
  float32: { file: 'onnx/model.onnx', least: 0.9999 },
  float16: { file: 'onnx/model_fp16.onnx', least: 0.995 },
  int8: { file: 'onnx/model_quantized.onnx', least: 0.97 },
} as const
/** The int8 network is to agree by so much more on the panoramas it was made with: others will be harder. [D] */
const INT8_MARGIN = 0.01
const SAMPLE_IMAGE = 'sample/panorama.png'
const SAMPLE_EXPECTED = 'sample/expected.png'
/** Panoramas to calibrate with, and others to compare with. */
const CALIBRATED = 4
const COMPARED = 4
const STEPS = 5

/**
 * Writes a student as a folder that other programs load: three networks, weights with Hugging Face's configuration, classes,
 * model card, samples, parity. Nothing is seen in the folder before all of it is there; an export that is cancelled or
 * fails leaves it as it was.
 */
export function studentExportHandler(tools: StudentExportTools, onDone: (done: StudentExport) => void): JobHandler {
  const { store } = tools
  return {
    async run(_job, context) {
      const { exportId, zip } = exportPayloadSchema.parse(context.payload)
      store.transaction((db) => reopenStudentExport(db, exportId))
      try {
        const steps = stepsOf(context)
        const { folder, studentId } = getStudentExport(store.read, exportId)
        const out = await openExportFolder(folder, STUDENT_FORMAT, tools.fileSystem)
        try {
          const student = getStudent(store.read, studentId)
          const exported = await exportStudent(tools, { student, out, steps })
          const archive = zip ? await steps.run('zip', () => zipped(tools, { student, out, signal: context.signal })) : null
          await context.safePoint()
          await out.finish({ format: STUDENT_FORMAT, student: { id: student.id, name: student.name, weights: student.weights } })
          const files = exported.files
          context.checkpoint({ done: STEPS }, (db) => finishStudentExport(db, exportId, { zip: archive, files, warnings: exported.warnings }))
          for (const warning of exported.warnings) context.log('warn', warning)
        } catch (error) {
          await out.discard()
          throw error
        }
        onDone(getStudentExport(store.read, exportId))
      } catch (error) {
        if (!(error instanceof JobInterrupted) && !context.signal.aborted) {
          store.transaction((db) => failStudentExport(db, exportId, toWireError(error).message))
        }
        throw error
      }
    },
    retryFailed: () => 0,
  }
}

interface Steps {
  readonly signal: AbortSignal
  /** one of the job's steps; `progress` is 0..1 of it */
  run<Result>(name: string, work: (progress: (now: { fraction: number; message: string }) => void) => Promise<Result>): Promise<Result>
}

/** The job's counts are its steps: none of them can be kept when it ends early. */
function stepsOf(context: JobContext): Steps {
  let done = 0
  context.checkpoint({ total: STEPS, done })
  return {
    signal: context.signal,
    async run(name, work) {
      await context.safePoint()
      const started = context.clock.now()
      context.progress({ fraction: 0, message: name })
      const result = await work(({ fraction, message }) => context.progress({ fraction, message: `${name}: ${message}` }))
      context.itemTook(context.clock.now() - started)
      context.checkpoint({ done: ++done })
      return result
    },
  }
}

interface Exporting {
  readonly student: Student
  readonly out: ExportFolder
  readonly steps: Steps
}

async function exportStudent(tools: StudentExportTools, { student, out, steps }: Exporting): Promise<{ readonly files: readonly ExportedFile[]; readonly warnings: readonly string[] }> {
  const { store, artifacts, engine } = tools
  const { signal } = steps
  const labelSet = getLabelSet(store.read, student.labelSetId)
  const { calibrated, compared } = choosePanoramas(allPanoramas(store, student), { calibrated: CALIBRATED, compared: COMPARED })
  const size = { height: student.height, width: student.width }
  const images = (panoramas: readonly Panorama[]): NetworkImage[] =>
    panoramas.map(({ image, width, height }) => ({ path: artifacts.path(image), sha256: image, width, height }))

  await steps.run('weights', () => writeWeights(tools, { student, labelSet, out }))
  const places = new Map<string, string>()
  for (const file of [NETWORKS.float16.file, NETWORKS.int8.file, SAMPLE_IMAGE, SAMPLE_EXPECTED]) places.set(file, await out.place(file))
  const place = (file: string): string => places.get(file) as string

  const conversion = await steps.run('networks', (onProgress) => engine.convertNetwork({
    name: student.name, network: artifacts.path(student.network), size, images: images(calibrated),
    quantizedAgreement: NETWORKS.int8.least + INT8_MARGIN,
    out: { float16: place(NETWORKS.float16.file), quantized: place(NETWORKS.int8.file) },
  }, { signal, onProgress }))

  const { networks: measured } = await steps.run('parity', (onProgress) => engine.measureNetworks({
    name: student.name,
    reference: {
      architecture: student.architecture, classes: student.classes, weights: artifacts.path(student.weights),
      network: student.architecture.kind === 'onnx' ? artifacts.path(student.network) : null,
    },
    networks: Object.values(NETWORKS).map(({ file }) => ({ name: file, path: places.get(file) ?? artifacts.path(student.network) })),
    size, images: images(compared),
    sample: { image: place(SAMPLE_IMAGE), expected: place(SAMPLE_EXPECTED), palette: labelPalette(labelSet) },
  }, { signal, onProgress }))
  for (const file of places.keys()) out.placed(file)

  const warnings = warningsOf(measured, conversion.keptFloat32)
  await out.write('parity.json', json({
    reference: { weights: student.weights }, size, panoramas: compared.map(({ name }) => name),
    networks: measured.map(({ name, maxDifference, agreement, milliseconds }) => ({ file: name, ...parityOf({ name, maxDifference, agreement }), latencyMs: milliseconds })),
    quantization: { layers: conversion.quantizedLayers, withActivations: conversion.withActivations, calibratedOn: calibrated.map(({ name }) => name) },
  }))
  const files = await describeFiles(out, measured)
  const card = modelCard(cardOf(store, { student, labelSet, files, parityPanoramas: compared.length, warnings, program: tools.version }))
  await out.write('README.md', Buffer.from(card))
  return { files: await describeFiles(out, measured), warnings }
}

/** All that needs no arithmetic. */
async function writeWeights({ artifacts }: StudentExportTools, { student, labelSet, out }: { readonly student: Student; readonly labelSet: LabelSetRecord; readonly out: ExportFolder }): Promise<void> {
  const { architecture, classes } = student
  await out.write(NETWORKS.float32.file, await artifacts.read(student.network))
  await out.write('model.safetensors', await artifacts.read(student.weights))
  if (architecture.kind === 'segformer') {
    await out.write('config.json', json(toConfigJson(studentConfig(architecture.size, classes), classNames(labelSet))))
    await out.write('preprocessor_config.json', json(preprocessorConfig(student)))
  }
  await out.write('labels.json', json(labelsJson(labelSet)))
  for (const [name, text] of Object.entries(sampleFiles(student))) await out.write(`sample/${name}`, Buffer.from(text))
}

/** Panoramas read in one query. */
const PAGE = 1000

function allPanoramas({ read }: Store, { name, datasetId }: Student): readonly Panorama[] {
  const panoramas: Panorama[] = []
  for (let total = datasetId === null ? 0 : 1; panoramas.length < total;) {
    const page = listPanoramas(read, datasetId ?? '', { offset: panoramas.length, limit: PAGE })
    if (page.panoramas.length === 0) break
    total = page.total
    panoramas.push(...page.panoramas)
  }
  if (panoramas.length > 0) return panoramas
  throw new StudioError('conflict', `The dataset that "${name}" was made from is gone: its panoramas are needed to make the int8 network and to compare. Import them again and distil a student from them, then export that.`)
}

/** Panoramas spread over the dataset, different ones where there are enough. */
export function choosePanoramas<Each>(all: readonly Each[], wanted: { readonly calibrated: number; readonly compared: number }): { readonly calibrated: readonly Each[]; readonly compared: readonly Each[] } {
  const both = wanted.calibrated + wanted.compared
  if (all.length < both) return { calibrated: spread(all, wanted.calibrated), compared: spread(all, wanted.compared) }
  const chosen = spread(all, both)
  const taken = new Set(spread(chosen, wanted.compared))
  return { calibrated: chosen.filter((each) => !taken.has(each)), compared: [...taken] }
}

function spread<Each>(all: readonly Each[], count: number): readonly Each[] {
  if (all.length <= count) return all
  return Array.from({ length: count }, (_, index) => all[Math.floor(((index + 0.5) * all.length) / count)])
}

type Parity = Pick<NetworkMeasurement, 'name' | 'maxDifference' | 'agreement'>

function parityOf({ name, maxDifference, agreement }: Parity): NonNullable<ExportedFile['parity']> {
  const { least } = Object.values(NETWORKS).find(({ file }) => file === name) ?? NETWORKS.float32
  return { maxDifference, agreement, least, ok: agreement >= least }
}

function warningsOf(measured: readonly NetworkMeasurement[], keptFloat32: readonly string[]): readonly string[] {
  const disagreeing = measured.map((each) => ({ ...parityOf(each), name: each.name })).filter(({ ok }) => !ok).map(({ name, agreement, least }) =>
    `${name} gives the class of the checkpoint on ${percent(agreement)} of the pixels only; at least ${percent(least)} are expected. Use another of the networks.`)
  return keptFloat32.length === 0 ? disagreeing
    : [...disagreeing, `${NETWORKS.float16.file} computes ${keptFloat32.length} operators in float32, whose numbers are too large for float16: ${keptFloat32.slice(0, 3).join(', ')}${keptFloat32.length > 3 ? ', ...' : ''}.`]
}

/** In order of their names. */
async function describeFiles(out: ExportFolder, measured: readonly NetworkMeasurement[]): Promise<readonly ExportedFile[]> {
  const files: ExportedFile[] = []
  for (const name of out.written.toSorted()) {
    const { hash, bytes } = await sha256OfFile(await out.place(name))
    const found = measured.find((each) => each.name === name)
    files.push({ name, bytes, sha256: hash, parity: found === undefined ? null : parityOf(found), latencyMs: found?.milliseconds ?? null })
  }
  return files
}

async function zipped({ artifacts }: StudentExportTools, { student, out, signal }: { readonly student: Student; readonly out: ExportFolder; readonly signal: AbortSignal }): Promise<StoredArtifact> {
  const folder = safeName(student.name)
  const files: { name: string; path: string }[] = []
  for (const name of out.written.toSorted()) files.push({ name: `${folder}/${name}`, path: await out.place(name) })
  return artifacts.putStream(zipFiles(files, signal))
}

/** The name under which a student's zip is saved. */
export function zipName(student: string): string {
  return `${safeName(student)}.zip`
}

/** The folder inside a workspace's exports/ that a student gets where nobody names another. */
export function exportFolderName(exports: string, { name }: Student): string {
  return join(exports, safeName(name))
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
