import { Button } from '@mantine/core'
import { IconCube, IconPlus } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Model } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatBytes } from '../../app/format.ts'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { BuiltinModels } from './builtin-models.tsx'
import { ModelDetail } from './model-detail.tsx'
import { DIALECTS, KINDS } from './model-words.ts'
import styles from './models-page.module.css'

/** The models of the workspace, and one of them in full. */
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
  const chosen = models.data?.find((model) => model.id === id) ?? models.data?.[0]
  return (
    <Page title="Models" padded={!some} actions={some ? addButton : undefined}>
      {models.isPending && <SkeletonRows rows={4} height={52} />}
      {models.isError && <Failed error={models.error} onRetry={() => void models.refetch()} />}
      {models.isSuccess && !some && (
        <>
          <Empty icon={<IconCube size={22} stroke={1.5} />} title="No models yet" action={addButton}>
            Labelling needs two ONNX models: a SAM that finds masks (encoder and decoder), and a teacher assistant that knows classes. Choose their files, or drop them on this window.
          </Empty>
          <BuiltinModels />
        </>
      )}
      {some && chosen !== undefined && (
        <>
          <div className={styles.list} role="list" aria-label="Models">
            {models.data.map((model) => <ModelItem key={model.id} model={model} builtin={builtin.has(model.id)} current={model.id === chosen.id} />)}
            <MissingKind models={models.data} />
            <BuiltinModels rest />
          </div>
          <div className={styles.detail}><ModelDetail key={chosen.id} model={chosen} /></div>
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
          {builtin && <Tag tone="accent">built in</Tag>}
          <Tag>{KINDS[model.kind].short}</Tag>
        </span>
        <span className={styles.sub}>{DIALECTS[model.dialect]} · {formatBytes(bytes)}</span>
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
      {kinds.has('sam') ? 'A teacher assistant (TA) is still missing: labelling needs its classes.' : 'A SAM is still missing. Without one, runs are TA only.'}
    </p>
  )
}
