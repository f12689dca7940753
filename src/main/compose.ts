import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import manifest from '../../package.json' with { type: 'json' }
import { createInProcessClient } from '../contract/in-process.ts'
import type { Client, Implementation } from '../contract/procedures.ts'
import type { Change, Job } from '../contract/schemas.ts'
import type { TrainingEvent } from '../contract/training-schemas.ts'
import { openArtifactStore, type ArtifactStore } from './artifacts/artifact-store.ts'
import { createEngine } from './engine/engine.ts'
import { forkEngine, type EngineTransport, type LaunchOptions } from './engine/engine-transport.ts'
import { createJobRunner } from './jobs/job-runner.ts'
import { type Log, openLog } from './log.ts'
import { downloadJobHandler, removeDownloadParts } from './pipeline/download-job.ts'
import { evaluateJobHandler } from './pipeline/evaluate-job.ts'
import { generateJobHandler } from './pipeline/generate-job.ts'
import { removeTruthLeftovers } from './pipeline/generate-truth.ts'
import { createImportHandler } from './pipeline/import-panoramas.ts'
import { distilJobHandler } from './pipeline/distil-job.ts'
import type { LearningRateFactor } from './pipeline/distil-tools.ts'
import { studentExportHandler, zipName } from './pipeline/export-student.ts'
import { labelJobHandler } from './pipeline/label-job.ts'
import { catalogueServices } from './services/catalogue.ts'
import { createChangeFeed, type ChangeFeed } from './services/change-feed.ts'
import { createFeed } from './services/feed.ts'
import type { ServiceContext } from './services/context.ts'
import { datasetServices } from './services/datasets.ts'
import { distillationServices } from './services/distillations.ts'
import { engineServices, engineSettings } from './services/engine.ts'
import { evaluationServices } from './services/evaluations.ts'
import { generateServices } from './services/generate.ts'
import { jobServices } from './services/jobs.ts'
import { removeModelLeftovers, removeSpentUploads, removeUploadsOf } from './services/leftovers.ts'
import { labelServices } from './services/labels.ts'
import { builtinModelServices } from './services/builtin-models.ts'
import { addModelFiles, modelServices } from './services/models.ts'
import { reviewServices } from './services/reviews.ts'
import { runServices } from './services/runs.ts'
import { studentExportServices } from './services/student-exports.ts'
import { studentServices } from './services/students.ts'
import { createTourGuide, type TourGuide } from './services/tour.ts'
import { workspaceServices } from './services/workspace.ts'
import { findMediaType } from './store/panoramas.ts'
import { findStudentOfZip } from './store/student-exports.ts'
import { openStore, type Store } from './store/open-store.ts'
import { getSettings } from './store/settings.ts'
import { createLabelPool } from './workers/label-pool.ts'
import { createSynthPool } from './workers/synth-pool.ts'

export interface StudioOptions {
  /** the workspace folder */
  readonly workspace: string
  /** make it where there is none */
  readonly create: boolean
  /** all: work through the queue, interrupted jobs first; asked: only jobs that this process starts (command line) */
  readonly queue: 'all' | 'asked'
  /** how the engine's process is started; default: a Node child process */
  readonly launchEngine?: (options?: LaunchOptions) => EngineTransport
}

/** An open workspace with everything that works on it. */
export interface Studio {
  readonly implementation: Implementation
  /** the same services through an in-process link */
  readonly client: Client
  readonly artifacts: {
    open(hash: string): Promise<{ readonly bytes: number; read(): Promise<Readable> } | null>
    mediaTypeOf(hash: string): string | null
    fileNameOf(hash: string): string | null
  }
  /** files dropped on a browser window land here before they are imported */
  readonly uploadsFolder: string
  readonly log: Logger
  close(): Promise<void>
}

/**
 * Opens a workspace and wires store, artifacts, engine, jobs and services. Throws what openStore throws:
 * workspace-locked, workspace-newer, not-found, storage, ...
 */
export async function composeStudio(options: StudioOptions): Promise<Studio> {
  const store = openStore(options.workspace, { create: options.create })
  let written: Log | null = null
  try {
    written = openLog(store.paths.logs)
    const { logger: log, close: closeLog } = written
    const artifacts = openArtifactStore(store.paths.artifacts)
    const engine = createEngine({
      launch: options.launchEngine ?? forkEngine,
      settings: engineSettings(getSettings(store.read)),
      onLog: (line) => log.info({ from: 'engine' }, line),
    })
    const pool = createLabelPool()
    const changes = createChangeFeed()
    const training = createFeed<TrainingEvent>()
    const learningRates = createFeed<LearningRateFactor>()
    const jobs = createJobRunner({
      store,
      handlers: {
        import: createImportHandler({ store, artifacts, pool }),
        generate: generateJobHandler({ store, artifacts, openPool: createSynthPool }),
        label: labelJobHandler({ store, artifacts, engine }, (run) => changes.emit('results', run.id)),
        evaluate: evaluateJobHandler({ store, artifacts, engine, pool }, ({ subject }) => subject.kind === 'student' && changes.emit('students', subject.id)),
        distil: distilJobHandler({ store, artifacts, engine, pool, changes, training, learningRates, version: manifest.version, addTa: (file, name) => addModelFiles({ store, engine }, { kind: 'ta', files: [file], name }) }),
        'export-student': studentExportHandler({ store, artifacts, engine, version: manifest.version }, (done) => changes.emit('exports', done.id)),
        download: downloadJobHandler({ store, addModel: (model) => addModelFiles({ store, engine }, model) }),
      },
      log: (level, message) => log[level]({ from: 'jobs' }, message),
    })
    const context: ServiceContext = {
      store, artifacts, engine, jobs, changes, training, learningRates, pool, version: manifest.version,
      enqueue: (jobId) => (options.queue === 'all' ? jobs.start() : jobs.start({ only: jobId })),
    }
    const services = servicesOf(context)
    const tour = createTourGuide(context, services)
    const implementation: Implementation = { ...services, ...tour.procedures }
    const link = createInProcessClient(implementation)
    const endAnnouncing = announceJobs(jobs.onJob, changes)
    jobs.onJob(({ kind, subjectId, state, message, etaSeconds }) => {
      if (kind !== 'distil' || subjectId === null) return
      training.emit({ distillationId: subjectId, point: null, score: null, jobState: state, message, etaSeconds })
    })
    const uploadsFolder = join(store.paths.root, 'uploads')
    jobs.onJob((job) => {
      removeUploadsOf(store, uploadsFolder, job).catch((error: unknown) => log.warn({ error }, 'removing uploads'))
      if (job.kind === 'download' && job.state === 'cancelled' && job.subjectId !== null) {
        removeDownloadParts(store, job.subjectId).catch((error: unknown) => log.warn({ error }, 'removing a cancelled download'))
      }
    })
    await removeModelLeftovers(store)
    await removeTruthLeftovers(store)
    await removeSpentUploads(store, uploadsFolder)
    if (options.queue === 'all') {
      jobs.start()
      tour.wake()
    }

    return {
      implementation,
      client: link.client,
      artifacts: artifactSource(store, artifacts),
      uploadsFolder,
      log,
      async close() {
        endAnnouncing()
        await tour.stop()
        await jobs.stop()
        link.close()
        await Promise.all([engine.stop(), pool.close()])
        store.close()
        closeLog()
      },
    }
  } catch (error) {
    store.close()
    written?.close()
    throw error
  }
}

function servicesOf(context: ServiceContext): Omit<Implementation, keyof TourGuide['procedures']> {
  return {
    ...workspaceServices(context),
    ...datasetServices(context),
    ...generateServices(context),
    ...modelServices(context),
    ...builtinModelServices(context),
    ...catalogueServices(context),
    ...runServices(context),
    ...reviewServices(context),
    ...labelServices(context),
    ...distillationServices(context),
    ...studentServices(context),
    ...studentExportServices(context),
    ...evaluationServices(context),
    ...jobServices(context),
    ...engineServices(context),
  }
}

/** What a job changes beyond its own row: the records it works on are stale whenever it moves on. */
function announceJobs(onJob: (listener: (job: Job) => void) => () => void, changes: ChangeFeed): () => void {
  const last = new Map<string, string>()
  return onJob((job) => {
    // the steps of a training are no change of its records: on.training tells of them
    const stage = job.kind === 'distil' ? job.state : `${job.state}/${job.done}`
    if (last.get(job.id) === stage) return
    last.set(job.id, stage)
    changes.emit('jobs', job.id)
    changes.emit(AREAS[job.kind], job.subjectId)
  })
}

/** The records that a kind of job works on. */
const AREAS: Readonly<Record<Job['kind'], Change['area']>> = {
  import: 'datasets', generate: 'datasets', label: 'runs', distil: 'distillations', evaluate: 'evaluations', 'export-student': 'exports', download: 'models',
}

function artifactSource({ read }: Store, artifacts: ArtifactStore): Studio['artifacts'] {
  const archiveOf = (hash: string): string | null => findStudentOfZip(read, hash)
  return {
    async open(hash) {
      if (!(await artifacts.has(hash))) return null
      const { size } = await stat(artifacts.path(hash))
      return { bytes: size, read: async () => (await artifacts.openRead(hash)).stream }
    },
    mediaTypeOf: (hash) => findMediaType(read, hash) ?? (archiveOf(hash) === null ? null : 'application/zip'),
    fileNameOf(hash) {
      const student = archiveOf(hash)
      return student === null ? null : zipName(student)
    },
  }
}
