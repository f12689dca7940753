import type { Implementation } from '../../contract/procedures.ts'
import { listLabelSets } from '../store/label-sets.ts'
import { referencedArtifacts } from '../store/referenced-artifacts.ts'
import { forgetUnusedStages } from '../store/stage-cache.ts'
import type { ServiceContext } from './context.ts'
import { listFolder } from './files.ts'

/** Masks and TA maps of removed runs stay this long: the next run with the same models would need them again. */
const KEEP_UNUSED_STAGES_MS = 7 * 24 * 60 * 60 * 1000

type WorkspaceProcedures = 'workspace.info' | 'workspace.collectGarbage' | 'files.list' | 'labelSets.list' | 'on.changes'

export function workspaceServices(context: ServiceContext): Pick<Implementation, WorkspaceProcedures> {
  const { store, artifacts, changes, version } = context
  return {
    'workspace.info': async () => {
      const usage = await artifacts.usage()
      return {
        path: store.paths.root, version, schemaVersion: store.schemaVersion, artifacts: usage.artifacts, artifactBytes: usage.bytes,
      }
    },
    'workspace.collectGarbage': async (_input, { signal }) => {
      const unusedSince = new Date(Date.now() - KEEP_UNUSED_STAGES_MS).toISOString()
      store.transaction((db) => forgetUnusedStages(db, unusedSince))
      return artifacts.collectOrphans(await referencedArtifacts(store.read), { signal })
    },
    'files.list': ({ path }) => listFolder(path),
    'labelSets.list': () => listLabelSets(store.read),
    'on.changes': (_input, emit, signal) => changes.listen(emit, signal),
  }
}
