import { Button, Collapse, Modal, NumberInput, TextInput, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { useAction, useCall } from '../../app/calls.ts'
import { baseName } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import { ActionFailure } from '../../components/states.tsx'
import styles from './import-dialog.module.css'

interface ImportDialogProps {
  readonly folder: string | null
  /** for a folder whose own name says nothing */
  readonly suggestedName?: string
  readonly onClose: () => void
}

/** Import a folder of panoramas of the host's machine as a dataset. */
export function ImportDialog({ folder, suggestedName, onClose }: ImportDialogProps): ReactNode {
  const [, navigate] = useLocation()
  const [path, setPath] = useState(folder)
  const listing = useCall('files.list', { path }, { keepPrevious: true })
  // while a typed folder is still being read, it is what was typed
  const open = listing.isPlaceholderData ? path : (listing.data?.path ?? path)
  const [name, setName] = useState<string | null>(suggestedName ?? null)
  const [labels, setLabels] = useState('')
  const [hfov, setHfov] = useState<number | null>(null)
  const [vfov, setVfov] = useState<number | null>(null)
  const [more, setMore] = useState(false)
  const [choosingLabels, setChoosingLabels] = useState(false)
  const start = useAction('datasets.import', { inline: true })
  const shownName = name ?? (open === null ? '' : baseName(open).slice(0, 100))
  const ready = open !== null && shownName.trim() !== '' && !listing.isError

  const submit = async (): Promise<void> => {
    if (!ready || open === null) return
    const started = await start.run({
      folder: open, name: shownName.trim(), labelsFolder: labels.trim() === '' ? null : labels.trim(), hfovDeg: hfov, vfovDeg: vfov,
    })
    if (started === null) return
    onClose()
    navigate(`/datasets/${started.datasetId}`)
  }

  return (
    <Modal opened onClose={onClose} title="Import folder" size={600}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
        <FolderBrowser choose="folder" path={path} onPath={setPath} />
        <TextInput
          label="Dataset name" value={shownName} maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div>
          <UnstyledButton className={styles.more} aria-expanded={more} onClick={() => setMore(!more)}>
            <IconChevronRight size={14} data-open={more} /> Labels and field of view (optional)
          </UnstyledButton>
          <Collapse expanded={more}>
            <div className={styles.optional}>
              <TextInput
                label="Labels folder" description="Truth in Cityscapes or DensePASS layout, to evaluate against. Never used to make labels."
                placeholder="none" classNames={{ input: 'mono' }} value={labels} onChange={(event) => setLabels(event.currentTarget.value)}
                rightSectionWidth={64}
                rightSection={<Button variant="subtle" size="compact-xs" onClick={() => setChoosingLabels(!choosingLabels)}>{choosingLabels ? 'Done' : 'Browse'}</Button>}
              />
              {choosingLabels && <FolderBrowser choose="folder" path={labels === '' ? open : labels} onPath={setLabels} />}
              <div className={styles.pair}>
                <DegreesInput label="Horizontal field of view" max={360} value={hfov} onChange={setHfov} />
                <DegreesInput label="Vertical field of view" max={180} value={vfov} onChange={setVfov} />
              </div>
              <div className={styles.hint}>
                Left empty, each file&apos;s own metadata (GPano) decides, or else its aspect ratio. You can correct it later, panorama by panorama.
              </div>
            </div>
          </Collapse>
        </div>
        <ActionFailure error={start.error} />
        <DialogActions note="Files are copied into the workspace; the folder stays as it is.">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={!ready} loading={start.busy}>Import</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}

function DegreesInput(props: { readonly label: string; readonly max: number; readonly value: number | null; readonly onChange: (value: number | null) => void }): ReactNode {
  return (
    <NumberInput
      label={props.label} placeholder="automatic" suffix="°" min={1} max={props.max} decimalScale={2} hideControls
      value={props.value ?? ''} onChange={(value) => props.onChange(typeof value === 'number' ? value : null)}
    />
  )
}
