import { isDeepStrictEqual } from 'node:util'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation, Input } from '../../contract/procedures.ts'
import type { GeneratedStreets } from '../../contract/generated-schemas.ts'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import { usualFov } from '../pipeline/generate-folder.ts'
import type { GenerateRequest } from '../pipeline/generate-job.ts'
import { truthMap } from '../pipeline/generate-truth.ts'
import { addDataset, findDatasetByName } from '../store/datasets.ts'
import { newId } from '../store/ids.ts'
import { addJob, getJobPayload, requireNoActiveJob } from '../store/jobs.ts'
import { freeName } from '../store/reference.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type GenerateProcedures = 'datasets.generate' | 'panoramas.truth'

export const GENERATED_NAME = 'Generated streets'

export function generateServices(context: ServiceContext): Pick<Implementation, GenerateProcedures> {
  return {
    'datasets.generate': (request) => startGenerating(context, request),
    'panoramas.truth': async ({ panoramaId }) => ({ map: await truthMap(context, panoramaId) }),
  }
}

/**
 * Writes dataset and job in one transaction. A dataset of the name that holds such streets gets what it lacks; one whose job
 * was interrupted is continued. Throws `conflict` where the name is another dataset's.
 */
export function startGenerating(
  { store, jobs, changes, enqueue }: ServiceContext, { name, panoramas, ...asked }: Input<'datasets.generate'>,
): { datasetId: string; jobId: string } {
  const streets: GeneratedStreets = { ...asked, vfovDeg: asked.vfovDeg ?? usualFov({ view: 'panorama', ...asked }) }
  const known = name === null ? null : findDatasetByName(store.read, name)
  if (known !== null && !isDeepStrictEqual(known.generated, streets)) {
    const what = known.generated === null ? 'imported panoramas' : 'streets that were drawn with other settings'
    throw new StudioError('conflict', `The dataset "${known.name}" holds ${what}. Choose another name.`)
  }
  const datasetId = known?.id ?? newId('ds')
  const payload: GenerateRequest = { ...streets, datasetId, panoramas }
  const unfinished = jobs.list().find(({ id, subjectId, state }) =>
    subjectId === datasetId && state !== 'done' && state !== 'cancelled' && isDeepStrictEqual(getJobPayload(store.read, id), payload))
  if (unfinished !== undefined) {
    goOn(jobs, unfinished)
    enqueue(unfinished.id)
    return { datasetId, jobId: unfinished.id }
  }
  const { id: jobId } = jobs.submit((db) => {
    const title = name ?? freeName(db, 'datasets', GENERATED_NAME)
    if (known === null) addDataset(db, { id: datasetId, name: title, folder: folderText(streets), labelSetId: CITYSCAPES.id, generated: streets })
    else requireNoActiveJob(db, datasetId, `the dataset "${title}"`)
    return addJob(db, { kind: 'generate', title: `Draw ${title}`, subjectId: datasetId, payload, total: panoramas })
  })
  changes.emit('datasets', datasetId)
  enqueue(jobId)
  return { datasetId, jobId }
}

/** Where lists name the folder that others were imported from. */
function folderText({ style, seed, width, height }: GeneratedStreets): string {
  return `generated, ${style} style, seed ${seed}, ${width} x ${height}`
}
