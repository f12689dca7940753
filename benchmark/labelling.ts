import type { Client } from '../src/contract/procedures.ts'
import type { LabellingRun } from '../src/contract/schemas.ts'
import { geometryOf } from '../src/core/goodsam/config.ts'
import { followJob } from '../src/main/cli/studio-session.ts'
import { getDataset } from '../src/main/store/datasets.ts'
import { newId } from '../src/main/store/ids.ts'
import { addJob } from '../src/main/store/jobs.ts'
import { addLabellingRun } from '../src/main/store/labelling-runs.ts'
import { getModel } from '../src/main/store/models.ts'
import type { BenchWorkspace } from './bench-workspace.ts'
import { isStartable, type LabelSpec } from './rows.ts'

export interface LabellingRequest {
  /** says all that makes the labels, so that a finished run of this name is not made again */
  readonly name: string
  readonly dataset: string
  readonly labels: LabelSpec
  /** names of models in the workspace */
  readonly sam: string
  readonly ta: string
}

/**
 * A finished labelling run: an earlier one, an interrupted one that goes on, or a new one. What a recipe's name says is
 * started as everybody would; with other windows, weights or radii the run's row is written as `runs.start` writes it.
 * Throws where a panorama could not be labelled.
 */
export async function labelled(bench: BenchWorkspace, request: LabellingRequest): Promise<LabellingRun> {
  if ((await findRun(await bench.client(), request.name)) === null) {
    if (isStartable(request.labels)) await start(await bench.client(), request)
    else await queueOffline(bench, [request])
  }
  const client = await bench.client()
  const run = await client.call('runs.get', { run: request.name })
  if (run.done < run.panoramas) await goOn(client, run)
  const finished = await client.call('runs.get', { run: run.id })
  if (finished.done < finished.panoramas) {
    throw new Error(`${finished.panoramas - finished.done} of ${finished.panoramas} panoramas of ${finished.datasetName} could not be labelled as "${finished.name}": its job's log says why.`)
  }
  return finished
}

export async function findRun(client: Client, name: string): Promise<LabellingRun | null> {
  return (await client.call('runs.list', {})).find((run) => run.name === name) ?? null
}

async function start(client: Client, { name, dataset, labels, sam, ta }: LabellingRequest): Promise<void> {
  const { recipe, fusion: { theta } } = labels.config
  const { jobId } = await client.call('runs.start', {
    name, dataset, ta, sam: labels.sam ? sam : null, recipe, theta, windows: geometryOf(labels.config), samSettings: labels.sam ? labels.samSettings : null, provider: null,
  })
  await followJob(client, jobId)
}

/** Writes the rows of runs that no recipe's name says, all at once: the services rest meanwhile. Runs that are there stay. */
export async function queueOffline(bench: BenchWorkspace, requests: readonly LabellingRequest[]): Promise<void> {
  const client = await bench.client()
  const known = new Set((await client.call('runs.list', {})).map(({ name }) => name))
  const wanted = [...new Map(requests.filter(({ name, labels }) => !known.has(name) && !isStartable(labels)).map((request) => [request.name, request])).values()]
  if (wanted.length === 0) return
  const { provider } = await client.call('settings.get', {})
  await bench.offline(async (store) => {
    store.transaction((db) => {
      for (const { name, dataset, labels, sam, ta } of wanted) {
        const model = labels.sam ? getModel(db, sam) : null
        const id = newId('run')
        const { id: jobId } = addJob(db, { kind: 'label', title: `Label ${name}`, subjectId: id, payload: { runId: id } })
        addLabellingRun(db, {
          id, name, jobId, provider, datasetId: getDataset(db, dataset).id, config: labels.config, samId: model?.id ?? null, taId: getModel(db, ta).id,
          samSettings: model?.samSettings ? { ...model.samSettings, ...labels.samSettings } : null,
        })
      }
    })
  })
}

/** Whatever stopped its job: it is queued again when its process ended, else it is asked to try again. */
async function goOn(client: Client, { jobId }: LabellingRun): Promise<void> {
  const { state } = await client.call('jobs.get', { jobId })
  if (state === 'queued') await client.call('jobs.start', { jobId })
  else if (state === 'paused') await client.call('jobs.resume', { jobId })
  else if (state !== 'running') await client.call('jobs.retry', { jobId })
  await followJob(client, jobId)
}
