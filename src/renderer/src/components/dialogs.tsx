import { Button, Modal, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { ActionFailure } from './states.tsx'
import styles from './dialogs.module.css'

interface ConfirmProps {
  readonly title: string
  readonly children: ReactNode
  /** what the red button says: "Remove dataset" */
  readonly action: string
  readonly busy: boolean
  readonly error: unknown
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Before something that cannot be undone. */
export function ConfirmDialog({ title, children, action, busy, error, onConfirm, onClose }: ConfirmProps): ReactNode {
  return (
    <Modal opened onClose={onClose} title={title} size="sm" centered>
      <div className={styles.body}>
        <div className={styles.text}>{children}</div>
        <ActionFailure error={error} />
        <DialogActions>
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button color="red" loading={busy} onClick={onConfirm} data-autofocus>{action}</Button>
        </DialogActions>
      </div>
    </Modal>
  )
}

interface RenameProps {
  readonly title: string
  readonly name: string
  readonly busy: boolean
  readonly error: unknown
  readonly onRename: (name: string) => void
  readonly onClose: () => void
}

export function RenameDialog({ title, name, busy, error, onRename, onClose }: RenameProps): ReactNode {
  const [value, setValue] = useState(name)
  const valid = value.trim() !== '' && value.trim() !== name
  return (
    <Modal opened onClose={onClose} title={title} size="sm" centered>
      <form
        className={styles.body}
        onSubmit={(event) => {
          event.preventDefault()
          if (valid) onRename(value.trim())
        }}
      >
        <TextInput label="Name" value={value} maxLength={100} data-autofocus onChange={(event) => setValue(event.currentTarget.value)} />
        <ActionFailure error={error} />
        <DialogActions>
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={!valid} loading={busy}>Rename</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}

/** The row of buttons that ends a dialog; a note may stand at its left. */
export function DialogActions({ note, children }: { readonly note?: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <div className={styles.actions}>
      <div className={styles.note}>{note}</div>
      {children}
    </div>
  )
}
