import { Button, CopyButton } from '@mantine/core'
import { IconChartBar } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { Model, ModelFile, TensorInfo } from '../../../../contract/schemas.ts'
import { SAM_DEFAULTS, type SamSettings } from '../../../../core/goodsam/config.ts'
import { notifyDone, useAction } from '../../app/calls.ts'
import { formatBytes, formatShape, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { Section } from '../../components/page.tsx'
import { RecordMenu } from '../../components/record-menu.tsx'
import { ActionFailure } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { EvaluateDialog } from '../evaluations/evaluate-dialog.tsx'
import { BuiltinNotice } from './builtin-models.tsx'
import styles from './model-detail.module.css'
import { DIALECTS, KINDS, ROLES } from './model-words.ts'
import { SamSettingsFields } from './sam-settings-fields.tsx'
import { samOverrides } from './sam-settings.ts'

/** A model in full: what it is, its filters, its files with their signatures. */
export function ModelDetail({ model }: { readonly model: Model }): ReactNode {
  const now = useNow()
  return (
    <div className={styles.detail}>
      <div className={styles.head}>
        <h2 className={styles.name}>{model.name}</h2>
        <Tag>{KINDS[model.kind].name}</Tag>
        <div className={styles.space} />
        {model.kind === 'ta' && <EvaluateTa model={model} />}
        <ModelMenu model={model} />
      </div>
      <p className={styles.facts}>
        {DIALECTS[model.dialect]}
        {model.classes !== null && ` · ${model.classes} classes`}
        {` · ${formatBytes(model.files.reduce((sum, file) => sum + file.bytes, 0))} · added ${formatWhen(model.createdAt, now)}`}
      </p>
      <BuiltinNotice modelId={model.id} />
      {model.samSettings !== null && <MaskFilters key={JSON.stringify(model.samSettings)} model={model} settings={model.samSettings} />}
      <Section title={model.files.length === 1 ? 'File' : 'Files'}>
        {model.files.map((file) => <FileCard key={file.name} file={file} />)}
      </Section>
    </div>
  )
}

/** A TA by itself is what a student has to beat. */
function EvaluateTa({ model }: { readonly model: Model }): ReactNode {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button variant="default" leftSection={<IconChartBar size={15} stroke={1.7} />} onClick={() => setOpen(true)}>Evaluate</Button>
      {open && <EvaluateDialog subjects={[{ kind: 'ta', id: model.id, name: model.name }]} dataset={null} onClose={() => setOpen(false)} />}
    </>
  )
}

function MaskFilters({ model, settings }: { readonly model: Model; readonly settings: SamSettings }): ReactNode {
  const [value, setValue] = useState(settings)
  const save = useAction('models.setSamSettings', { inline: true })
  const dirty = samOverrides(settings, value) !== null
  const submit = async (): Promise<void> => {
    if ((await save.run({ model: model.id, settings: value })) !== null) notifyDone('Mask filters saved. Runs started from now on use them.')
  }
  return (
    <Section
      title="Mask filters"
      aside={
        <div className={styles.buttons}>
          {dirty && <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setValue(settings)}>Discard changes</Button>}
          <Button variant="subtle" color="gray" size="compact-xs" disabled={samOverrides(SAM_DEFAULTS, value) === null} onClick={() => setValue(SAM_DEFAULTS)}>Reset to defaults</Button>
          <Button size="compact-xs" disabled={!dirty} loading={save.busy} onClick={() => void submit()}>Save filters</Button>
        </div>
      }
    >
      <SamSettingsFields value={value} base={settings} onChange={setValue} />
      <ActionFailure error={save.error} />
    </Section>
  )
}

function FileCard({ file }: { readonly file: ModelFile }): ReactNode {
  return (
    <article className={styles.file} aria-label={file.name}>
      <header className={styles.fileHead}>
        <span className={styles.role}>{ROLES[file.role]}</span>
        <span className={`${styles.fileName} mono`}>{file.name}</span>
        <span className="muted">{formatBytes(file.bytes)}</span>
        <CopyButton value={file.sha256}>
          {({ copied, copy }) => (
            <button type="button" className={`${styles.hash} mono`} title="Copy the SHA-256" onClick={copy}>{copied ? 'copied' : `sha256 ${file.sha256.slice(0, 8)}`}</button>
          )}
        </CopyButton>
      </header>
      {file.inputs.length + file.outputs.length > 0 && (
        <table className={styles.signature}>
          <tbody>
            {file.inputs.map((tensor, index) => <TensorRow key={tensor.name} tensor={tensor} way={index === 0 ? 'in' : ''} />)}
            {file.outputs.map((tensor, index) => <TensorRow key={tensor.name} tensor={tensor} way={index === 0 ? 'out' : ''} />)}
          </tbody>
        </table>
      )}
    </article>
  )
}

function TensorRow({ tensor, way }: { readonly tensor: TensorInfo; readonly way: string }): ReactNode {
  return (
    <tr>
      <td className={styles.way}>{way}</td>
      <td className="mono">{tensor.name}</td>
      <td className="mono muted">{tensor.type}</td>
      <td className="mono">{formatShape(tensor.shape)}</td>
    </tr>
  )
}

function ModelMenu({ model }: { readonly model: Model }): ReactNode {
  const [, navigate] = useLocation()
  const rename = useAction('models.rename', { inline: true })
  const remove = useAction('models.remove', { inline: true })
  return (
    <RecordMenu
      noun="model" name={model.name} rename={rename} renameTo={(name) => ({ model: model.id, name })}
      remove={remove} removeIt={{ model: model.id }} onRemoved={() => navigate('/models')}
    >
      The model leaves this workspace; the files it was added from are not touched. A model that made a labelling run stays until that run is removed.
    </RecordMenu>
  )
}
