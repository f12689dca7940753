import { Button, Modal, SegmentedControl, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { ModelKind } from '../../../../contract/schemas.ts'
import { notifyDone, useAction } from '../../app/calls.ts'
import { baseName, folderOf } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import { ActionFailure } from '../../components/states.tsx'
import styles from './add-model-dialog.module.css'
import { KINDS } from './model-words.ts'

/** Add a model from files of the host's machine. */
export function AddModelDialog({ files: dropped, onClose }: { readonly files: readonly string[]; readonly onClose: () => void }): ReactNode {
  const [, navigate] = useLocation()
  const [kind, setKind] = useState<ModelKind>(dropped.length === 1 ? 'ta' : 'sam')
  const [path, setPath] = useState<string | null>(dropped.length > 0 ? folderOf(dropped[0]) : null)
  const [files, setFiles] = useState<readonly string[]>(dropped)
  const [name, setName] = useState('')
  const add = useAction('models.add', { inline: true })

  const submit = async (): Promise<void> => {
    if (files.length === 0) return
    const model = await add.run({ kind, files: [...files], name: name.trim() === '' ? null : name.trim() })
    if (model === null) return
    notifyDone(`${model.name} was added.`)
    onClose()
    navigate(`/models/${model.id}`)
  }

  return (
    <Modal opened onClose={onClose} title="Add model" size={640}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
        <div>
          <SegmentedControl
            aria-label="Kind of model" fullWidth value={kind}
            onChange={(value) => { setKind(value === 'sam' ? 'sam' : 'ta'); add.reset() }}
            data={[{ value: 'sam', label: 'SAM (masks)' }, { value: 'ta', label: 'Teacher assistant (classes)' }]}
          />
          <div className={styles.what}>{KINDS[kind].what}</div>
        </div>
        <FolderBrowser choose="models" path={path} onPath={setPath} files={files} onFiles={(next) => { setFiles(next); add.reset() }} />
        {files.length > 0 && (
          <ul className={styles.chosen} aria-label="Chosen files">
            {files.map((file) => (
              <li key={file} className={styles.chip} title={file}>
                <span className="truncate">{baseName(file)}</span>
                <button type="button" aria-label={`Leave out ${baseName(file)}`} onClick={() => setFiles(files.filter((other) => other !== file))}><IconX size={12} /></button>
              </li>
            ))}
          </ul>
        )}
        <TextInput label="Name" placeholder="from the file or its folder" value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
        <ActionFailure error={add.error} mono />
        <DialogActions note={kind === 'sam' ? 'A settings.json beside the files sets the mask filters.' : undefined}>
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={files.length === 0} loading={add.busy}>Add model</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}
