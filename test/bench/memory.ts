import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import sharp from 'sharp'
import type { Job, ModelFile } from '../../src/contract/schemas.ts'
import { rollRgbColumns } from '../../src/core/geometry/roll.ts'
import { RECIPES, type WindowFamily } from '../../src/core/goodsam/config.ts'
import { openArtifactStore, type ArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import { createJobRunner, type JobRunner } from '../../src/main/jobs/job-runner.ts'
import { labelJobHandler } from '../../src/main/pipeline/label-job.ts'
import { addDataset } from '../../src/main/store/datasets.ts'
import { addJob } from '../../src/main/store/jobs.ts'
import { addLabellingRun } from '../../src/main/store/labelling-runs.ts'
import { addModel } from '../../src/main/store/models.ts'
import { openStore, type Store } from '../../src/main/store/open-store.ts'
import { addPanoramas, type NewPanorama } from '../../src/main/store/panoramas.ts'
import { setSettings } from '../../src/main/store/settings.ts'
import { REAL } from '../support/real-data.ts'
import { realLabelRequest } from '../support/real-labelling.ts'
import type { BenchResult } from './result.ts'

/** Panoramas labelled; GOODSAM_MEMORY_PANORAMAS asks for another number. */
const PANORAMAS = 200
/** Caches and heaps fill up first. */
const WARM_UP = 0.25

/** Few, large windows and few prompts: the same steps as always, hundreds of times in a few minutes. */
const WINDOWS: WindowFamily = { name: 'sliding', widthFraction: 0.5, heightFraction: null, strideFraction: 1 }

/**
 * Resident memory of host and engine over many real panoramas: a line through it must be level. The host is the product's
 * own: store, artifacts, job runner, labelling pipeline.
 */
export async function bench(): Promise<BenchResult> {
  const count = Math.max(20, Number(process.env['GOODSAM_MEMORY_PANORAMAS'] ?? PANORAMAS))
  if (!REAL.present) throw new Error('No real panoramas here: name their folder in GOODSAM_REAL (panoramas/, models/).')
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-bench-'))
  const store = openStore(join(folder, 'workspace'), { create: true })
  const artifacts = openArtifactStore(store.paths.artifacts)
  const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 2 ** 40 } })
  const host: number[] = []
  /** as of the last heartbeat: at most a second old */
  const worker: number[] = []
  const sample = (): void => {
    host.push(process.memoryUsage.rss())
    worker.push(engine.status().rssBytes ?? 0)
    const done = host.length
    if (done % 20 === 0) console.error(`  ${done} panoramas, ${Math.round(mebibytes(host[done - 1]))} + ${Math.round(mebibytes(worker[done - 1]))} MiB`)
  }
  const jobs = createJobRunner({
    store, handlers: { label: labelJobHandler({ store, artifacts, engine }, sample), import: { run: async () => {}, retryFailed: () => 0 } },
  })
  try {
    console.error(`  preparing ${count} panoramas ...`)
    const job = await queueRun({ store, artifacts, jobs }, count)
    jobs.start()
    const ended = await jobs.settled(job.id)
    if (ended.state !== 'done' || ended.failed > 0) throw new Error(`the run ended as ${ended.state}: ${ended.error}`)
    if (engine.status().restarts > 0) throw new Error('the engine process was restarted while its memory was measured')
  } finally {
    await jobs.stop()
    await engine.stop()
    store.close()
    await rm(folder, { recursive: true, force: true })
  }

  const measured = host.map((bytes, index) => bytes + worker[index]).slice(Math.floor(WARM_UP * count))
  const line = fitLine(measured)
  const growth = line.last - line.first
  return {
    name: 'memory',
    values: {
      panoramas: count,
      'host at the end (MiB)': mebibytes(host[count - 1]),
      'engine at the end (MiB)': mebibytes(worker[count - 1]),
      'slope (MiB per 100 panoramas)': mebibytes(100 * line.slope),
      'growth over the measured panoramas (MiB)': mebibytes(growth),
      'noise around the line (MiB)': mebibytes(line.noise),
    },
    // what the line rises must not stand out of the scatter around it
    ratios: { 'noise band (2 sigma) / growth': { value: (2 * line.noise) / Math.max(growth, 1), floor: 1, ok: growth <= 2 * line.noise } },
  }
}

interface Host {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly jobs: JobRunner
}

/** The real panoramas again and again, each time rolled by other columns, so that no stage comes from the cache. */
async function queueRun({ store, artifacts, jobs }: Host, count: number): Promise<Job> {
  const names = (await readdir(REAL.panoramas)).filter((name) => /\.(jpg|png)$/.test(name)).sort()
  const panoramas: NewPanorama[] = []
  for (let index = 0; index < count; index++) {
    const source = await sharp(join(REAL.panoramas, names[index % names.length])).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const { width, height } = source.info
    const rolled = rollRgbColumns({ width, height, data: source.data }, 16 * Math.floor(index / names.length))
    const image = await artifacts.put(await sharp(rolled.data, { raw: { width, height, channels: 3 } }).jpeg({ quality: 95 }).toBuffer())
    panoramas.push({
      name: `panorama_${index}`, split: 'default', width, height, fileSha256: image.hash, image: image.hash, imageBytes: image.bytes,
      mediaType: 'image/jpeg', truth: null, warnings: [],
      projection: { kind: 'equirectangular', hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true, source: 'aspect' },
    })
  }
  const small = join(dirname(REAL.ta), 'espnetv2-0.5-cityscapes-512x512.onnx')
  const request = realLabelRequest(names[0], { width: 2048, height: 1024 }, artifacts.root)
  if (request.sam === null) throw new Error('a request with SAM was expected')
  const samSettings = { ...request.sam.settings, pointsPerSide: 6 }
  for (const [id, files] of [['sam', [REAL.samEncoder, REAL.samDecoder]], ['ta', [small]]] as const) {
    await mkdir(join(store.paths.models, id), { recursive: true })
    for (const path of files) await copyFile(path, join(store.paths.models, id, basename(path)))
  }
  const run = 'run'
  return jobs.submit((db) => {
    addModel(db, {
      id: 'sam', name: 'sam', kind: 'sam', dialect: 'sam-transformers-js', sha256: '1'.repeat(64), samSettings, classes: null,
      files: [file('encoder', REAL.samEncoder), file('decoder', REAL.samDecoder)],
    })
    addModel(db, { id: 'ta', name: 'ta', kind: 'ta', dialect: 'semantic', sha256: '2'.repeat(64), samSettings: null, classes: 19, files: [file('network', small)] })
    const dataset = addDataset(db, { name: 'real', folder: REAL.panoramas, labelSetId: 'cityscapes' })
    addPanoramas(db, dataset.id, panoramas)
    const job = addJob(db, { kind: 'label', title: 'Label', subjectId: run, payload: { runId: run } })
    const config = { ...RECIPES.goodsam, windows: [WINDOWS], contextWeight: 0 }
    addLabellingRun(db, { id: run, name: run, datasetId: dataset.id, samId: 'sam', taId: 'ta', config, samSettings, provider: 'cpu', jobId: job.id })
    setSettings(db, { embeddingCacheGiB: 1 })
    return job
  })
}

/** A model's file as far as the pipeline reads it. */
function file(role: ModelFile['role'], path: string): ModelFile {
  return { role, name: basename(path), bytes: 0, sha256: '0'.repeat(64), inputs: [], outputs: [] }
}

/** Least squares over equally spaced samples. */
function fitLine(samples: readonly number[]): { first: number; last: number; slope: number; slopeError: number; noise: number } {
  const n = samples.length
  const meanX = (n - 1) / 2
  const meanY = samples.reduce((sum, y) => sum + y, 0) / n
  const spread = samples.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0)
  const slope = samples.reduce((sum, y, x) => sum + (x - meanX) * (y - meanY), 0) / spread
  const at = (x: number): number => meanY + slope * (x - meanX)
  const noise = Math.sqrt(samples.reduce((sum, y, x) => sum + (y - at(x)) ** 2, 0) / (n - 2))
  return { first: at(0), last: at(n - 1), slope, slopeError: noise / Math.sqrt(spread), noise }
}

function mebibytes(bytes: number): number {
  return bytes / 2 ** 20
}
