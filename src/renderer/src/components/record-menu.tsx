import { ActionIcon, Menu } from '@mantine/core'
import { IconDots, IconPencil, IconTrash } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { ConfirmDialog, RenameDialog } from './dialogs.tsx'

/** An action of app/calls.ts: `run` resolves to null when it failed, with the reason in `error`. */
interface RecordAction<Input> {
  readonly run: (input: Input) => Promise<unknown>
  readonly busy: boolean
  readonly error: unknown
  readonly reset: () => void
}

interface RecordMenuProps<RenameInput, RemoveInput> {
  /** for people: "dataset" */
  readonly noun: string
  readonly name: string
  readonly rename: RecordAction<RenameInput>
  readonly renameTo: (name: string) => RenameInput
  readonly remove: RecordAction<RemoveInput>
  readonly removeIt: RemoveInput
  /** where the page itself goes with the record */
  readonly onRemoved?: (() => void) | undefined
  /** what removing takes along */
  readonly children: ReactNode
}

/** The "more" menu of a record that has a name: rename and remove, each with its dialog. */
export function RecordMenu<RenameInput, RemoveInput>(props: RecordMenuProps<RenameInput, RemoveInput>): ReactNode {
  const { noun, name, rename, remove } = props
  const [dialog, setDialog] = useState<'rename' | 'remove' | null>(null)
  const close = (): void => {
    setDialog(null)
    rename.reset()
    remove.reset()
  }
  const renameIt = async (to: string): Promise<void> => {
    if ((await rename.run(props.renameTo(to))) !== null) close()
  }
  const removeIt = async (): Promise<void> => {
    if ((await remove.run(props.removeIt)) === null) return
    close()
    props.onRemoved?.()
  }
  return (
    <>
      <Menu>
        <Menu.Target><ActionIcon aria-label={`More about ${name}`}><IconDots size={16} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={14} />} onClick={() => setDialog('rename')}>Rename</Menu.Item>
          <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={() => setDialog('remove')}>Remove</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'rename' && (
        <RenameDialog title={`Rename ${noun}`} name={name} busy={rename.busy} error={rename.error} onClose={close} onRename={(to) => void renameIt(to)} />
      )}
      {dialog === 'remove' && (
        <ConfirmDialog title={`Remove ${name}?`} action={`Remove ${noun}`} busy={remove.busy} error={remove.error} onClose={close} onConfirm={() => void removeIt()}>
          {props.children} This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  )
}
