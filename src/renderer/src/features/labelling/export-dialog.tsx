import { Button, CopyButton, Modal, Radio, UnstyledButton } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { LabelsExport, LabellingRun } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { plural } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import { ActionFailure, Notice } from '../../components/states.tsx'
import styles from './export-dialog.module.css'
import { SkippedList } from './skipped-list.tsx'
import { useLongCall } from './use-long-call.ts'

type Format = LabelsExport['format']

const FORMATS: readonly { readonly value: Format; readonly name: string; readonly what: string }[] = [
  { value: 'cityscapes', name: 'Cityscapes', what: 'gtFine/<split>/<name>/… with trainIds, labelIds, colours, confidence and provenance as 8-bit PNG. Reads in most training code as it is.' },
  { value: 'color', name: 'Colour images', what: 'One PNG per panorama in the colours of the label set. For slides and for a quick look.' },
  { value: 'coco-panoptic', name: 'COCO panoptic', what: 'Segments with ids in a PNG and a JSON beside it.' },
]

interface ExportDialogProps {
  readonly run: LabellingRun
  /** theta of the preview that is not part of the run; null: none */
  readonly previewTheta: number | null
  readonly onClose: () => void
}

/** Write the pseudo-labels of a run to a folder. */
export function ExportDialog({ run, previewTheta, onClose }: ExportDialogProps): ReactNode {
  const [format, setFormat] = useState<Format>('cityscapes')
  const [elsewhere, setElsewhere] = useState(false)
  const [folder, setFolder] = useState<string | null>(null)
  // what the browser shows when no folder was opened yet is the home folder
  const listing = useCall('files.list', { path: folder }, { enabled: elsewhere, keepPrevious: true })
  const write = useLongCall('labels.export')
  const chosen = listing.isPlaceholderData ? folder : (listing.data?.path ?? folder)
  const out = elsewhere ? chosen : null
  const included = run.done - run.rejected

  if (write.result !== null) return <Modal opened onClose={onClose} title="Exported" size={600}><Exported result={write.result} onClose={onClose} /></Modal>
  return (
    <Modal opened onClose={onClose} title={`Export ${run.name}`} size={600}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); write.run({ run: run.id, format, out }) }}>
        <Radio.Group value={format} aria-label="Format" onChange={(value) => setFormat(FORMATS.find((one) => one.value === value)?.value ?? 'cityscapes')}>
          <div className={styles.formats}>
            {FORMATS.map(({ value, name, what }) => (
              <Radio key={value} value={value} label={name} description={what} classNames={{ root: styles.format }} />
            ))}
          </div>
        </Radio.Group>
        <Radio.Group value={elsewhere ? 'chosen' : 'workspace'} label="Folder" onChange={(value) => setElsewhere(value === 'chosen')}>
          <div className={styles.where}>
            <Radio value="workspace" label="A new folder under exports/ of the workspace" />
            <Radio value="chosen" label="Another folder" />
          </div>
        </Radio.Group>
        {elsewhere && <FolderBrowser choose="folder" path={folder} onPath={setFolder} />}
        {previewTheta !== null && (
          <Notice tone="warn">
            Theta {previewTheta.toFixed(2)} on screen is a preview. This exports the run as it was made, with {run.config.fusion.theta.toFixed(2)}. Keep the preview as a new run first if you want that one.
          </Notice>
        )}
        <ActionFailure error={write.error} />
        <DialogActions note={`${plural(Math.max(0, included), 'panorama')} will be written${run.rejected > 0 ? `, ${run.rejected} rejected left out` : ''}.`}>
          <Button variant="default" onClick={write.busy ? write.cancel : onClose}>Cancel</Button>
          <Button type="submit" loading={write.busy} disabled={elsewhere && out === null}>Export</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}

function Exported({ result, onClose }: { readonly result: LabelsExport; readonly onClose: () => void }): ReactNode {
  return (
    <div className={styles.form}>
      <Notice tone="good" title={`${plural(result.panoramas, 'panorama')}, ${plural(result.files, 'file')}`}>
        <span className={styles.folder}>
          <span className="mono" data-testid="export-folder">{result.folder}</span>
          <CopyButton value={result.folder}>
            {({ copied, copy }) => <UnstyledButton className={styles.copy} onClick={copy}>{copied ? 'Copied' : 'Copy path'}</UnstyledButton>}
          </CopyButton>
        </span>
      </Notice>
      <SkippedList title="Left out" skipped={result.skipped} />
      <DialogActions><Button onClick={onClose} data-autofocus>Done</Button></DialogActions>
    </div>
  )
}
