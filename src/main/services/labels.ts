import type { CallContext, Implementation } from '../../contract/procedures.ts'
import type { CallProgress } from '../../contract/schemas.ts'
import { evaluateLabels } from '../pipeline/evaluate-labels.ts'
import { hiddenTruth } from '../pipeline/generate-truth.ts'
import { exportLabels } from '../pipeline/export-labels.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import type { ServiceContext } from './context.ts'
import { createFeed } from './feed.ts'

type LabelProcedures = 'labels.export' | 'labels.evaluate' | 'on.callProgress'

export function labelServices({ store, artifacts, pool }: ServiceContext): Pick<Implementation, LabelProcedures> {
  const tools = { store, artifacts, pool }
  const feed = createFeed<CallProgress>()
  const reporting = (call: CallProgress['call'], run: string, { signal }: CallContext) => {
    const { id: runId } = getLabellingRun(store.read, run)
    return { signal, onProgress: (done: number, total: number) => feed.emit({ call, runId, done, total }) }
  }
  return {
    'labels.export': (request, context) => exportLabels(tools, request, reporting('labels.export', request.run, context)),
    'labels.evaluate': ({ run, truth }, context) => {
      const dataset = getDataset(store.read, getLabellingRun(store.read, run).datasetId)
      return evaluateLabels(tools, { run, truth: truth ?? hiddenTruth(store, dataset) }, reporting('labels.evaluate', run, context))
    },
    'on.callProgress': (_input, emit, signal) => feed.listen(emit, signal),
  }
}
