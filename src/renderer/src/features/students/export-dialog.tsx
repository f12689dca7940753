import { Button, Checkbox, Modal, Radio } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Student } from '../../../../contract/training-schemas.ts'
import { notifyDone, useAction, useCall } from '../../app/calls.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import { ActionFailure } from '../../components/states.tsx'
import styles from './export-dialog.module.css'

/** What an export writes; the two Hugging Face files only for architectures that it knows. */
const CONTENT: readonly { readonly name: string; readonly what: string }[] = [
  { name: 'onnx/', what: 'float32, float16 and 8-bit, each measured against the checkpoint' },
  { name: 'model.safetensors', what: 'with config.json and preprocessor_config.json: transformers loads it' },
  { name: 'README.md', what: 'model card: what it was made from, its scores, its limits' },
  { name: 'sample/', what: 'a program for Node and one for Python, with a panorama and the expected answer' },
]

/** Export a student: one click, unless it should go elsewhere. */
export function ExportDialog({ student, onClose }: { readonly student: Student; readonly onClose: () => void }): ReactNode {
  const [elsewhere, setElsewhere] = useState(false)
  const [folder, setFolder] = useState<string | null>(null)
  const [zip, setZip] = useState(true)
  const start = useAction('students.export', { inline: true })
  const listing = useCall('files.list', { path: folder }, { enabled: elsewhere, keepPrevious: true })
  const chosen = listing.isPlaceholderData ? folder : (listing.data?.path ?? folder)
  const out = elsewhere ? chosen : null

  const submit = async (): Promise<void> => {
    if ((await start.run({ student: student.id, out, zip })) === null) return
    notifyDone(`The export of ${student.name} has begun.`)
    onClose()
  }
  return (
    <Modal opened onClose={onClose} title={`Export ${student.name}`} size={600}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
        <dl className={styles.content}>
          {CONTENT.filter(({ name }) => student.architecture.kind === 'segformer' || name !== 'model.safetensors').map(({ name, what }) => (
            <div key={name} className={styles.item}><dt className="mono">{name}</dt><dd>{what}</dd></div>
          ))}
        </dl>
        <Radio.Group value={elsewhere ? 'chosen' : 'workspace'} label="Folder" onChange={(value) => { setElsewhere(value === 'chosen'); start.reset() }}>
          <div className={styles.where}>
            <Radio value="workspace" label="A new folder under exports/ of the workspace" />
            <Radio value="chosen" label="Another folder" />
          </div>
        </Radio.Group>
        {elsewhere && <FolderBrowser choose="folder" path={folder} onPath={(path) => { setFolder(path); start.reset() }} />}
        <Checkbox label="Also a zip file, to be downloaded" checked={zip} onChange={(event) => setZip(event.currentTarget.checked)} />
        <ActionFailure error={start.error} />
        <DialogActions note="Runs as a job; conversion and measuring take a little while.">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={start.busy} disabled={elsewhere && out === null} data-autofocus>Export</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}
