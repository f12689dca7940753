import { StudioError } from '../../src/contract/errors.ts'
import { procedures, type Implementation } from '../../src/contract/procedures.ts'
import { DEFAULT_TOUR_SETTINGS, TOUR_STEPS, type Tour, type TourSettings } from '../../src/contract/tour-schemas.ts'
import { DEFAULT_SETTINGS, type Job, type Settings } from '../../src/contract/schemas.ts'

/** A host that does nothing but answer, so that a test sees the link alone. */
export interface FakeHost {
  readonly implementation: Implementation
  /** to everyone subscribed to on.jobs */
  emitJob(job: Job): void
  /** subscriptions that are live now */
  jobSubscribers(): number
  /** calls of labels.evaluate that run now */
  running(): number
  /** reasons with which calls of labels.evaluate were aborted */
  readonly aborted: unknown[]
}

function missing(): never {
  throw new Error('not part of the fake')
}

export function createFakeHost(): FakeHost {
  const listeners = new Set<(job: Job) => void>()
  const aborted: unknown[] = []
  let running = 0
  let settings: Settings = DEFAULT_SETTINGS

  const known: Partial<Implementation> = {
    'settings.get': () => settings,
    'settings.set': (patch) => (settings = { ...settings, ...patch }),
    'jobs.get': ({ jobId }) => {
      throw new StudioError('not-found', `There is no job "${jobId}" in this workspace.`)
    },
    'jobs.list': () => {
      throw new TypeError('cannot read properties of undefined')
    },
    // an answer that breaks the contract
    'workspace.info': () => ({ path: '/w', version: '1', schemaVersion: Number.NaN, artifactBytes: 0, artifacts: 0 }),
    'panoramas.list': () => ({ total: 0, panoramas: [] }),
    'files.list': ({ path }) => ({ path: path ?? '/home', parent: null, folders: [], images: 0, models: [], weights: [] }),
    'panoramas.setProjection': () => ({}),
    'datasets.generate': ({ name, vfovDeg }) => ({ datasetId: name ?? `${vfovDeg}`, jobId: 'job' }),
    'models.builtin': () => [{ name: 'nano-sam', kind: 'sam', summary: 'A segmenter.', bytes: null, modelId: null }],
    'tour.get': () => ({ tour: null }),
    'tour.start': (asked) => tourOf({ ...DEFAULT_TOUR_SETTINGS, ...asked }),
    'datasets.list': async () => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return []
    },
    /** runs until it is aborted */
    'labels.evaluate': (_input, { signal }) =>
      new Promise((_resolve, reject) => {
        running++
        signal.addEventListener('abort', () => {
          running--
          aborted.push(signal.reason)
          reject(signal.reason)
        })
      }),
    'on.jobs': (_input, emit, signal) => {
      listeners.add(emit)
      signal.addEventListener('abort', () => listeners.delete(emit))
    },
    'on.engine': () => {
      throw new StudioError('engine', 'The engine does not start.')
    },
  }
  return {
    implementation: {
      ...(Object.fromEntries(Object.keys(procedures).map((name) => [name, missing])) as unknown as Implementation),
      ...known,
    },
    emitJob: (event) => {
      for (const listener of listeners) listener(event)
    },
    jobSubscribers: () => listeners.size,
    running: () => running,
    aborted,
  }
}

/** A tour that has just begun. */
function tourOf(settings: TourSettings): Tour {
  return {
    id: 'tour', state: 'running', settings, datasetId: null, runId: null, distillationId: null, studentId: null, evaluations: [],
    steps: TOUR_STEPS.map((name) => ({ name, state: 'waiting', jobIds: [], error: null, canSkip: false })),
    startedAt: '2026-01-01T00:00:00.000Z', firstLabelAt: null, finishedAt: null,
  }
}

export function job(id: string, done: number): Job {
  return {
    id, done, kind: 'label', title: `Job ${id}`, state: 'running', stopping: null, failed: 0, total: 1_000_000, progress: 0,
    message: '', itemsPerMinute: null, etaSeconds: null, attempts: 1, subjectId: null, error: null, errorCode: null,
    createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, finishedAt: null,
  }
}
