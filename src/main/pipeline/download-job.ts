import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { Model, ModelKind } from '../../contract/schemas.ts'
import { readSafetensors } from '../../core/formats/safetensors.ts'
import { fromConfigJson } from '../../core/networks/segformer/config.ts'
import { segformer } from '../../core/networks/segformer/network.ts'
import { loadWeights } from '../../core/networks/segformer/weights.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import type { JobContext, JobHandler } from '../jobs/job-handler.ts'
import { publishedModel, type PublishedModel } from '../models/catalogue.ts'
import { fetchHubFile, hubAddress, listHubFiles, type HubFile } from '../models/hub.ts'
import { writeModelFile } from '../models/onnx-file.ts'
import { rememberCatalogueModel } from '../store/catalogue-models.ts'
import type { Store } from '../store/open-store.ts'
import { freeName } from '../store/reference.ts'
import { getSettings } from '../store/settings.ts'

export interface DownloadTools {
  readonly store: Store
  readonly addModel: (model: { kind: ModelKind; files: string[]; name: string }) => Promise<Model>
}

/** What a download job is told; goes through JSON. */
export const downloadRequestSchema = z.object({ repo: z.string() })
export type DownloadRequest = z.infer<typeof downloadRequestSchema>

/** Where an entry's files come together, and where a person may put them: downloads/<owner>--<name> of the workspace. */
export function downloadFolder({ paths }: Store, repo: string): string {
  return join(paths.root, 'downloads', repo.replace('/', '--'))
}

/** The downloaded first weights of an entry of the kind init, whether they are there or not. */
export function weightsFile({ paths }: Store, repo: string): string {
  return join(paths.root, 'weights', `${repo.replace('/', '--')}.safetensors`)
}

/** What the hub has of an entry now: its files, and the data that a large .onnx keeps beside it. Throws StudioError network, not-found. */
export async function filesOnHub({ store }: Pick<DownloadTools, 'store'>, { repo, files }: PublishedModel, signal: AbortSignal): Promise<HubFile[]> {
  const hub = hubAddress(getSettings(store.read).hubUrl)
  const all = await listHubFiles({ hub, repo }, { signal })
  const missing = files.find((name) => !all.some((file) => file.name === name))
  if (missing !== undefined) {
    throw new StudioError('not-found', `${hub}/${repo} has no ${missing} (any more). Take another entry of the catalogue.`)
  }
  return all.filter(({ name }) => files.includes(name) || files.some((file) => file.endsWith('.onnx') && name === `${file}_data`))
}

/**
 * The job kind "download": fetches an entry of the catalogue and adds it. An interrupted transfer goes on; a file that a person put
 * into the folder is not fetched, and is taken as it is where no hub can be asked.
 */
export function downloadJobHandler(tools: DownloadTools): JobHandler {
  return {
    async run(_job, context) {
      const entry = publishedModel(downloadRequestSchema.parse(context.payload).repo)
      const folder = downloadFolder(tools.store, entry.repo)
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw storageError('make the folder', folder, error)
      })
      await fetchAll(tools, entry, { folder, context })
      await context.safePoint()
      context.progress({ message: 'adding the model', part: { from: 1, to: 1, secondsAfter: 0 } })
      await addDownloaded(tools, entry, folder)
      await rm(folder, { recursive: true, force: true })
    },
    retryFailed: () => 0,
  }
}

interface Fetching {
  readonly folder: string
  readonly context: JobContext
}

async function fetchAll(tools: DownloadTools, entry: PublishedModel, { folder, context }: Fetching): Promise<void> {
  const { store } = tools
  const hub = hubAddress(getSettings(store.read).hubUrl)
  context.progress({ message: `asking ${hub}` })
  const files = await interruptibly(context, (signal) => filesOnHub(tools, entry, signal)).catch(async (error: unknown) => {
    if (context.signal.aborted || !(error instanceof StudioError)) throw error
    if (!(await allPlaced(entry, folder))) {
      throw new StudioError(error.code, `${error.message} Or put ${entry.files.map((name) => basename(name)).join(' and ')} into ${folder}, and try again.`, { cause: error })
    }
    context.log('warn', `The files in ${folder} were not checked: ${error.message}`)
    return []
  })
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  context.checkpoint({ total: files.length, done: 0, failed: 0 })
  const speed = createSpeed(context)
  let before = 0
  for (const [index, file] of files.entries()) {
    await interruptibly(context, (signal) => fetchHubFile({ hub, repo: entry.repo }, file, join(folder, basename(file.name)), {
      signal,
      log: (message) => context.log('warn', message),
      onBytes: (have) => context.progress({
        message: `${basename(file.name)}, ${mebibytes(before + have)} of ${mebibytes(bytes)}`,
        part: { from: 0, to: 1, secondsAfter: 0, now: { share: (before + have) / Math.max(1, bytes), etaSeconds: speed(before + have, bytes) } },
      }),
    }))
    before += file.bytes
    context.checkpoint({ done: index + 1 })
  }
}

/** Works until it is done, or until the job is to end: it need not wait for a whole file. A wish to end that is taken back begins the work again. */
async function interruptibly<T>(context: JobContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (;;) {
    await context.safePoint()
    const { stopping } = context
    try {
      return await work(AbortSignal.any([context.signal, stopping]))
    } catch (error) {
      await context.safePoint()
      if (!stopping.aborted) throw error
    }
  }
}

async function allPlaced({ files }: PublishedModel, folder: string): Promise<boolean> {
  const there = new Set(await readdir(folder))
  return files.every((name) => there.has(basename(name)))
}

/** Estimates the seconds left from what came since the first call. */
function createSpeed({ clock }: JobContext): (bytes: number, total: number) => number | null {
  let began: { readonly at: number; readonly bytes: number } | null = null
  return (bytes, total) => {
    began ??= { at: clock.now(), bytes }
    const seconds = (clock.now() - began.at) / 1000
    const came = bytes - began.bytes
    return seconds < 1 || came <= 0 ? null : ((total - bytes) * seconds) / came
  }
}

function mebibytes(bytes: number): string {
  const size = bytes / 2 ** 20
  return `${size.toFixed(size < 1 ? 2 : size < 10 ? 1 : 0)} MiB`
}

async function addDownloaded({ store, addModel }: DownloadTools, { repo, kind, files }: PublishedModel, folder: string): Promise<void> {
  const paths = files.map((name) => join(folder, basename(name)))
  if (kind === 'init') {
    await keepWeights(store, repo, paths[0])
    return
  }
  const network = files.includes('model.safetensors') ? [await writeSegformer(folder)] : paths
  const model = await addModel({ kind, files: network, name: freeName(store.read, 'models', basename(repo)) })
  store.transaction((db) => rememberCatalogueModel(db, { repo, modelId: model.id }))
}

async function keepWeights(store: Store, repo: string, path: string): Promise<void> {
  await understood(path, async () => readSafetensors(await readFile(path)))
  const target = weightsFile(store, repo)
  try {
    await mkdir(join(store.paths.root, 'weights'), { recursive: true })
    await rename(path, target)
  } catch (error) {
    throw storageError('write', target, error)
  }
}

/** The ONNX file of a SegFormer that was published as weights alone. */
async function writeSegformer(folder: string): Promise<string> {
  const weights = join(folder, 'model.safetensors')
  const network = await understood(weights, async () => {
    const { config } = fromConfigJson(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
    return segformer(config, loadWeights(config, readSafetensors(await readFile(weights))).weights)
  })
  const path = join(folder, 'model.onnx')
  await writeModelFile(path, network)
  return path
}

async function understood<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new StudioError('bad-model', `${path} is not what the catalogue expects: ${cause instanceof Error ? cause.message : String(cause)} Remove it and try again.`, { cause })
  }
}

/** When a download was cancelled: what came of a file is of no use. Whole files stay: a person may have put them there. */
export async function removeDownloadParts(store: Store, repo: string): Promise<void> {
  const folder = downloadFolder(store, repo)
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.part')) await rm(join(folder, name), { force: true })
  }
  if ((await readdir(folder).catch(() => ['none'])).length === 0) await rm(folder, { recursive: true })
}

/** The path of downloaded first weights; null: they are not there. */
export async function downloadedWeights(store: Store, repo: string): Promise<string | null> {
  const path = weightsFile(store, repo)
  return stat(path).then(() => path, () => null)
}
