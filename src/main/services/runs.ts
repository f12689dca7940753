import { isDeepStrictEqual } from 'node:util'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { LabellingRun, Model } from '../../contract/schemas.ts'
import { RECIPES, withGeometry, type GoodsamConfig, type SamSettings } from '../../core/goodsam/config.ts'
import { getDataset } from '../store/datasets.ts'
import { newId } from '../store/ids.ts'
import { addJob } from '../store/jobs.ts'
import {
  addLabellingRun, getLabellingRun, listLabellingRuns, removeLabellingRun, renameLabellingRun, type NewLabellingRun,
} from '../store/labelling-runs.ts'
import { getModel } from '../store/models.ts'
import { getResult, listResults } from '../store/panorama-results.ts'
import { freeName } from '../store/reference.ts'
import { getSettings } from '../store/settings.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type RunProcedures =
  | 'runs.list' | 'runs.get' | 'runs.start' | 'runs.refuse' | 'runs.rename' | 'runs.remove' | 'runs.results' | 'runs.result'
  | 'recipes.list'

export function runServices(context: ServiceContext): Pick<Implementation, RunProcedures> {
  const { store, changes } = context
  return {
    'runs.list': () => listLabellingRuns(store.read),
    'runs.get': ({ run }) => getLabellingRun(store.read, run),
    'runs.start': ({ dataset, sam, ta, recipe, windows = 'sliding', name, theta, samSettings, provider }) => {
      const { id: datasetId, name: datasetName } = getDataset(store.read, dataset)
      const taModel = requireKind(getModel(store.read, ta), 'ta')
      const samModel = sam === null ? null : requireKind(getModel(store.read, sam), 'sam')
      return start(context, {
        name: name ?? `${datasetName} ${samModel === null ? 'TA only' : recipe}${windows === 'gnomonic' ? ' gnomonic' : ''}`,
        named: name !== null,
        datasetId,
        samId: samModel?.id ?? null,
        taId: taModel.id,
        config: withTheta(withGeometry(RECIPES[recipe], windows), theta),
        samSettings: samModel === null ? null : effectiveFilters(samModel, samSettings),
        provider: provider ?? getSettings(store.read).provider,
      })
    },
    'runs.refuse': ({ run, fusion }) => {
      const source = getLabellingRun(store.read, run)
      const { datasetId, samId, taId, samSettings, provider } = source
      const config = { ...source.config, fusion: { ...source.config.fusion, ...fusion } }
      const name = `${source.name} at theta ${config.fusion.theta}`
      return start(context, { name, named: false, datasetId, samId, taId, config, samSettings, provider, panoramasOfRun: source.id })
    },
    'runs.rename': ({ run, name }) => {
      const renamed = store.transaction((db) => renameLabellingRun(db, run, name))
      changes.emit('runs', renamed.id)
      return renamed
    },
    'runs.remove': ({ run }) => {
      store.transaction((db) => removeLabellingRun(db, run))
      changes.emit('runs')
      return {}
    },
    'runs.results': ({ run, sort, offset, limit }) =>
      listResults(store.read, getLabellingRun(store.read, run).id, { sort, offset, limit }),
    'runs.result': ({ run, panoramaId }) => getResult(store.read, getLabellingRun(store.read, run).id, panoramaId),
    'recipes.list': () => Object.values(RECIPES),
  }
}

type RunRequest = Omit<NewLabellingRun, 'jobId' | 'id'> & { /** the name is a person's: no number is put behind it */ readonly named: boolean }

/**
 * Writes run, pending results and job in one transaction. A run that was interrupted and asks for exactly the same is
 * continued instead: nothing that is finished is done again.
 */
function start({ store, jobs, changes, enqueue }: ServiceContext, request: RunRequest): { runId: string; jobId: string } {
  const unfinished = findUnfinished(listLabellingRuns(store.read), request)
  if (unfinished !== undefined) {
    goOn(jobs, jobs.get(unfinished.jobId))
    enqueue(unfinished.jobId)
    return { runId: unfinished.id, jobId: unfinished.jobId }
  }
  const { named, ...run } = request
  const runId = newId('run')
  const { id: jobId } = jobs.submit((db) => {
    const name = named ? run.name : freeName(db, 'labelling_runs', run.name)
    const job = addJob(db, { kind: 'label', title: `Label ${name}`, subjectId: runId, payload: { runId } })
    addLabellingRun(db, { ...run, name, id: runId, jobId: job.id })
    return job
  })
  changes.emit('runs', runId)
  enqueue(jobId)
  return { runId, jobId }
}

function findUnfinished(runs: readonly LabellingRun[], request: RunRequest): LabellingRun | undefined {
  return runs.find((run) =>
    run.done + run.failed < run.panoramas &&
    run.datasetId === request.datasetId && run.samId === request.samId && run.taId === request.taId &&
    run.provider === request.provider && (!request.named || run.name === request.name) &&
    isDeepStrictEqual(run.config, request.config) && isDeepStrictEqual(run.samSettings, request.samSettings))
}

function requireKind(model: Model, kind: Model['kind']): Model {
  if (model.kind !== kind) {
    throw new StudioError('bad-input', `"${model.name}" is ${model.kind === 'sam' ? 'a SAM' : 'a TA'} model, not ${kind === 'sam' ? 'a SAM' : 'a TA'}: choose another.`)
  }
  return model
}

function withTheta(config: GoodsamConfig, theta: number | null): GoodsamConfig {
  return theta === null ? config : { ...config, fusion: { ...config.fusion, theta } }
}

function effectiveFilters(sam: Model, overrides: Partial<SamSettings> | null): SamSettings {
  if (sam.samSettings === null) throw new StudioError('bad-model', `"${sam.name}" has no mask filters: remove it and add it again.`)
  return { ...sam.samSettings, ...overrides }
}
