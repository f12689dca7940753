import { Button, Progress } from '@mantine/core'
import { IconPlus, IconWorldDownload } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Model } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatBytes, plural } from '../../app/format.ts'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { BuiltinModels } from './builtin-models.tsx'
import { activeDownloads } from './catalogue-entries.ts'
import { CatalogueLink } from './catalogue-link.tsx'
import { Catalogue } from './catalogue.tsx'
import { ModelDetail } from './model-detail.tsx'
import { BUILTIN_LIMITS, CATALOGUE_HREF, CATALOGUE_ID, DIALECTS, KINDS } from './model-words.ts'
import styles from './models-page.module.css'

/** The models of the workspace, and one of them in full, or the catalogue. */
export function ModelsPage({ id }: { readonly id: string | null }): ReactNode {
  const models = useCall('models.list', {})
  const builtin = new Set(useCall('models.builtin', {}).data?.map(({ modelId }) => modelId))
  const { show } = useDialogs()
  const addButton = (
    <Tip label="Add model" shortcut="addModel">
      <Button leftSection={<IconPlus size={15} stroke={2} />} onClick={() => show({ kind: 'addModel', files: [] })}>Add model</Button>
    </Tip>
  )
  const some = models.data !== undefined && models.data.length > 0
  const catalogue = id === CATALOGUE_ID
  const chosen = models.data?.find((model) => model.id === id) ?? models.data?.[0]
  return (
    <Page title="Models" padded={!some} actions={some ? addButton : undefined}>
      {models.isPending && <SkeletonRows rows={4} height={52} />}
      {models.isError && <Failed error={models.error} onRetry={() => void models.refetch()} />}
      {models.isSuccess && !some && (
        <div className={styles.none}>
          <header className={styles.hello}>
            <h2 className={styles.title}>No models yet</h2>
            <p className={styles.text}>
              Labelling needs two: a SAM, which finds masks, and a teacher assistant (TA), which knows classes. Download them here, or add ONNX files of your own: choose them, or drop them on this window.
            </p>
            {addButton}
          </header>
          <div className={styles.offers}><Catalogue folded /><BuiltinModels /></div>
        </div>
      )}
      {some && chosen !== undefined && (
        <>
          <div className={styles.list} role="list" aria-label="Models">
            {models.data.map((model) => <ModelItem key={model.id} model={model} builtin={builtin.has(model.id)} current={!catalogue && model.id === chosen.id} />)}
            <MissingKind models={models.data} />
            <CatalogueItem current={catalogue} />
            <BuiltinModels rest />
          </div>
          <div className={styles.detail}>{catalogue ? <Catalogue /> : <ModelDetail key={chosen.id} model={chosen} />}</div>
        </>
      )}
    </Page>
  )
}

function ModelItem({ model, builtin, current }: { readonly model: Model; readonly builtin: boolean; readonly current: boolean }): ReactNode {
  const bytes = model.files.reduce((sum, file) => sum + file.bytes, 0)
  return (
    <div role="listitem">
      <Link href={`/models/${model.id}`} className={styles.item} aria-current={current ? 'true' : undefined}>
        <span className={styles.top}>
          <span className={styles.name}>{model.name}</span>
          {builtin && <span title={`Built in: ${BUILTIN_LIMITS}`}><Tag tone="accent">built in</Tag></span>}
          <Tag>{KINDS[model.kind].short}</Tag>
        </span>
        <span className={styles.sub}>{DIALECTS[model.dialect]} · {formatBytes(bytes)}</span>
      </Link>
    </div>
  )
}

/** The way to the catalogue beside models that are there already, and what is being downloaded. */
function CatalogueItem({ current }: { readonly current: boolean }): ReactNode {
  const active = activeDownloads(useCall('jobs.list', {}).data ?? [])
  const progress = active.reduce((sum, job) => sum + job.progress, 0) / Math.max(1, active.length)
  return (
    <div className={styles.catalogue} role="listitem">
      <Link href={CATALOGUE_HREF} className={styles.item} aria-current={current ? 'true' : undefined}>
        <span className={styles.top}><IconWorldDownload size={16} stroke={1.6} /><span className={styles.name}>Models for real streets</span></span>
        {active.length > 0 && <Progress className={styles.progress} value={progress * 100} color={active.some(({ state }) => state === 'running') ? undefined : 'gray'} aria-label="Progress of the downloads" />}
        <span className={styles.sub}>{active.length === 0 ? 'published ones, to download' : `${plural(active.length, 'download')}, ${Math.floor(progress * 100)} %`}</span>
      </Link>
    </div>
  )
}

/** With only one of the two kinds there is one thing left to do: say it. */
function MissingKind({ models }: { readonly models: readonly Model[] }): ReactNode {
  const kinds = new Set(models.map(({ kind }) => kind))
  if (kinds.size === 2) return null
  return (
    <p className={styles.missing}>
      {kinds.has('sam') ? 'A teacher assistant (TA) is still missing: labelling needs its classes.' : 'A SAM is still missing. Without one, runs are TA only.'}{' '}
      <CatalogueLink>Choose one from the catalogue</CatalogueLink>.
    </p>
  )
}
