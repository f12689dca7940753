import type { CatalogueEntry } from '../../contract/catalogue-schemas.ts'
import type { Implementation } from '../../contract/procedures.ts'
import { publishedModel, publishedModels, type PublishedModel } from '../models/catalogue.ts'
import { downloadedWeights, filesOnHub, type DownloadRequest } from '../pipeline/download-job.ts'
import { catalogueModels } from '../store/catalogue-models.ts'
import { addJob } from '../store/jobs.ts'
import type { ServiceContext } from './context.ts'
import { goOn } from './go-on.ts'

type CatalogueProcedures = 'models.catalogue' | 'models.catalogueFiles' | 'models.download'

export function catalogueServices(context: ServiceContext): Pick<Implementation, CatalogueProcedures> {
  return {
    'models.catalogue': () => {
      const added = catalogueModels(context.store.read)
      return Promise.all(publishedModels().map((model) => describe(context, model, added.get(model.repo) ?? null)))
    },
    'models.catalogueFiles': async ({ repo }, { signal }) => {
      const files = (await filesOnHub(context, publishedModel(repo), signal)).map(({ name, bytes }) => ({ name, bytes }))
      return { files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) }
    },
    'models.download': ({ repo }) => ({ jobId: startDownload(context, publishedModel(repo)) }),
  }
}

async function describe({ store }: ServiceContext, { files, ...model }: PublishedModel, modelId: string | null): Promise<CatalogueEntry> {
  return {
    ...model, files: [...files], page: `https://huggingface.co/${model.repo}`, modelId,
    weightsFile: model.kind === 'init' ? await downloadedWeights(store, model.repo) : null,
  }
}

/** One job per entry: a download that was interrupted, failed or paused goes on. */
function startDownload({ jobs, enqueue }: ServiceContext, { repo }: PublishedModel): string {
  const unfinished = jobs.list().find(({ kind, subjectId, state }) => kind === 'download' && subjectId === repo && state !== 'done' && state !== 'cancelled')
  if (unfinished !== undefined) {
    goOn(jobs, unfinished)
    enqueue(unfinished.id)
    return unfinished.id
  }
  const payload: DownloadRequest = { repo }
  const { id } = jobs.submit((db) => addJob(db, { kind: 'download', title: `Download ${repo}`, subjectId: repo, payload }))
  enqueue(id)
  return id
}
