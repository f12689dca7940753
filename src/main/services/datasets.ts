import { isDeepStrictEqual } from 'node:util'
import type { Implementation } from '../../contract/procedures.ts'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import { removeTruth } from '../pipeline/generate-truth.ts'
import { requireImportable, type ImportRequest } from '../pipeline/import-plan.ts'
import { addDataset, findDatasetByName, getDataset, listDatasets, removeDataset, renameDataset } from '../store/datasets.ts'
import { newId } from '../store/ids.ts'
import { listRefusedFiles } from '../store/import-files.ts'
import { addJob, getJobPayload, requireNoActiveJob } from '../store/jobs.ts'
import { getPanorama, listPanoramas, setProjection } from '../store/panoramas.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type DatasetProcedures =
  | 'datasets.list' | 'datasets.import' | 'datasets.refused' | 'datasets.rename' | 'datasets.remove'
  | 'panoramas.list' | 'panoramas.get' | 'panoramas.setProjection'

export function datasetServices({ store, jobs, changes, enqueue }: ServiceContext): Pick<Implementation, DatasetProcedures> {
  return {
    'datasets.list': () => listDatasets(store.read),
    'datasets.import': async ({ folder, name, labelsFolder, hfovDeg, vfovDeg }) => {
      // a folder without images must not leave an empty dataset
      await requireImportable({ folder, labelsFolder })
      const known = findDatasetByName(store.read, name)
      const datasetId = known?.id ?? newId('ds')
      const payload: ImportRequest = { datasetId, folder, labelsFolder, hfovDeg, vfovDeg }
      const unfinished = jobs.list().find((job) =>
        job.subjectId === datasetId && job.state !== 'done' && job.state !== 'cancelled' && isDeepStrictEqual(getJobPayload(store.read, job.id), payload))
      if (unfinished !== undefined) {
        goOn(jobs, unfinished)
        enqueue(unfinished.id)
        return { datasetId, jobId: unfinished.id }
      }
      const job = jobs.submit((db) => {
        if (known === null) addDataset(db, { id: datasetId, name, folder, labelSetId: CITYSCAPES.id })
        else requireNoActiveJob(db, datasetId, `the dataset "${name}"`)
        return addJob(db, { kind: 'import', title: `Import ${name}`, subjectId: datasetId, payload })
      })
      changes.emit('datasets', datasetId)
      enqueue(job.id)
      return { datasetId, jobId: job.id }
    },
    'datasets.refused': ({ dataset }) => listRefusedFiles(store.read, getDataset(store.read, dataset).id),
    'datasets.rename': ({ dataset, name }) => {
      const renamed = store.transaction((db) => renameDataset(db, dataset, name))
      changes.emit('datasets', renamed.id)
      return renamed
    },
    'datasets.remove': async ({ dataset }) => {
      const { id } = getDataset(store.read, dataset)
      store.transaction((db) => removeDataset(db, id))
      await removeTruth(store, id)
      changes.emit('datasets')
      changes.emit('runs')
      return {}
    },
    'panoramas.list': ({ dataset, offset, limit }) =>
      listPanoramas(store.read, getDataset(store.read, dataset).id, { offset, limit }),
    'panoramas.get': ({ panoramaId }) => getPanorama(store.read, panoramaId),
    'panoramas.setProjection': ({ panoramaIds, projection }) => {
      store.transaction((db) => setProjection(db, panoramaIds, projection))
      changes.emit('datasets')
      return {}
    },
  }
}
