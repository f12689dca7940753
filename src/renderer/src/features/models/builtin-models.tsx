import { Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { BuiltinModel } from '../../../../contract/generated-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { formatBytes } from '../../app/format.ts'
import { Failed, Notice } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import styles from './builtin-models.module.css'
import { CatalogueLink } from './catalogue-link.tsx'
import { BUILTIN_KINDS } from './model-words.ts'

/** Models that come with the program: added with one click. `rest`: those that are not added yet, if any. */
export function BuiltinModels({ rest = false }: { readonly rest?: boolean }): ReactNode {
  const [, navigate] = useLocation()
  const builtin = useCall('models.builtin', {})
  const add = useAction('models.addBuiltin')
  if (builtin.isError) return <Failed error={builtin.error} onRetry={() => void builtin.refetch()} />
  const shown = (builtin.data ?? []).filter(({ modelId }) => !rest || modelId === null)
  if (shown.length === 0) return null
  const addIt = async ({ name }: BuiltinModel): Promise<void> => {
    const added = await add.run({ name })
    if (added !== null) navigate(`/models/${added.id}`)
  }
  return (
    <section className={styles.builtin} data-rest={rest} aria-label="Built-in models">
      <h2 className={styles.title}>Models that come with the program</h2>
      <p className={styles.limits}><BuiltinLimits /></p>
      <div className={styles.entries}>
        {shown.map((model) => (
          <div key={model.name} className={styles.entry}>
            <div className={styles.text}>
              <div className={styles.top}>
                {model.modelId === null ? <span className={styles.name}>{model.name}</span> : <Link href={`/models/${model.modelId}`} className={styles.name}>{model.name}</Link>}
                <Tag>{BUILTIN_KINDS[model.kind]}</Tag>
                {model.bytes !== null && <span className="faint">{formatBytes(model.bytes)}</span>}
              </div>
              <div className={styles.summary}>{model.summary}</div>
            </div>
            <Action model={model} busy={add.busy} onAdd={() => void addIt(model)} />
          </div>
        ))}
      </div>
    </section>
  )
}

function Action({ model, busy, onAdd }: { readonly model: BuiltinModel; readonly busy: boolean; readonly onAdd: () => void }): ReactNode {
  if (model.modelId !== null) return <span className={styles.state}>added</span>
  if (model.bytes === null) return <span className={styles.state} title="Its files are missing from this installation: restore resources/models.">not installed</span>
  return <Button variant="default" size="compact-sm" leftSection={<IconPlus size={13} stroke={2} />} disabled={busy} aria-label={`Add ${model.name}`} onClick={onAdd}>Add</Button>
}

/** On the page of a model that is a built-in one: what it knows, and what to get for real streets. */
export function BuiltinNotice({ modelId }: { readonly modelId: string }): ReactNode {
  const model = useCall('models.builtin', {}).data?.find((one) => one.modelId === modelId)
  return model === undefined ? null : <div className={styles.notice}><Notice tone="plain"><BuiltinLimits /></Notice></div>
}

/** BUILTIN_LIMITS with its link. */
function BuiltinLimits(): ReactNode {
  return <>Built in: knows generated streets; for real ones <CatalogueLink>choose from the catalogue</CatalogueLink>.</>
}
