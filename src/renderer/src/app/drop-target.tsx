import { Button, Progress } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDownload } from '@tabler/icons-react'
import { useEffect, useEffectEvent, useState, type ReactNode } from 'react'
import { notifyError } from './calls.ts'
import { useDialogs } from './dialogs.tsx'
import styles from './drop-target.module.css'
import { baseName } from './format.ts'
import { filesUnder, readDrop, readTransfer, uploadDrop, type DroppedPath, type UploadProgress } from './drop.ts'
import { useStudio } from './studio.ts'

interface Uploading extends UploadProgress {
  readonly cancel: () => void
}

/** Anything dropped anywhere on the window. In a browser it is first sent to the server. */
export function DropTarget(): ReactNode {
  const studio = useStudio()
  const { show } = useDialogs()
  const [over, setOver] = useState(false)
  const [uploading, setUploading] = useState<Uploading | null>(null)

  const upload = async (loose: readonly File[], entries: readonly FileSystemEntry[]): Promise<readonly DroppedPath[]> => {
    const ending = new AbortController()
    const cancel = (): void => ending.abort()
    setUploading({ done: 0, total: 0, cancel })
    try {
      // not every source of a drop has entries; then there are no folders in it
      const files = entries.length > 0 ? await filesUnder(entries) : loose.map((file) => ({ file, place: file.name }))
      return await uploadDrop(studio, files, { signal: ending.signal, onProgress: (progress) => setUploading({ ...progress, cancel }) })
    } finally {
      setUploading(null)
    }
  }

  const onDrop = useEffectEvent(async (transfer: DataTransfer): Promise<void> => {
    const { files, entries } = readTransfer(transfer)
    try {
      const dropped = studio.hostKind === 'electron'
        ? await Promise.all(files.map(async (file, index) => ({ path: await studio.pathOf(file), isFolder: entries[index]?.isDirectory === true })))
        : await upload(files, entries)
      const wish = readDrop(dropped)
      if (wish.kind === 'models') show({ kind: 'addModel', files: wish.files })
      else if (wish.kind === 'folder') show({ kind: 'import', folder: wish.folder, name: uploadName(studio.hostKind, dropped) })
      else notifications.show({ color: 'yellow', title: 'Nothing to bring in', message: wish.why, autoClose: 10_000 })
    } catch (error) {
      notifyError(error)
    }
  })

  useEffect(() => listenForFiles({ onOver: setOver, onDrop: (transfer) => void onDrop(transfer) }), [])

  if (uploading !== null) {
    return (
      <div className={styles.upload} role="status">
        <span>{uploading.total === 0 ? 'Reading the folder' : `Sending to the server, ${uploading.done} of ${uploading.total}`}</span>
        <Progress className={styles.bar} value={uploading.total === 0 ? 0 : (100 * uploading.done) / uploading.total} aria-label="Upload progress" />
        <Button variant="default" size="compact-xs" onClick={uploading.cancel}>Cancel</Button>
      </div>
    )
  }
  if (!over) return null
  return (
    <div className={styles.over} aria-hidden>
      <div className={styles.message}>
        <IconDownload size={26} stroke={1.5} />
        <div className={styles.title}>Drop to bring it in</div>
        <div className="muted">A folder of panoramas becomes a dataset, .onnx files become a model.</div>
      </div>
    </div>
  )
}

/** Uploaded loose files lie in a folder of no telling name. */
function uploadName(hostKind: 'electron' | 'server', dropped: readonly DroppedPath[]): string | undefined {
  if (hostKind === 'electron' || dropped.some(({ isFolder }) => isFolder)) return undefined
  return dropped.length === 1 ? baseName(dropped[0].path).replace(/\.[^.]*$/, '').slice(0, 100) : 'dropped panoramas'
}

/** Files dragged over the window, and dropped on it; returns the function that ends it. */
function listenForFiles(events: { readonly onOver: (over: boolean) => void; readonly onDrop: (transfer: DataTransfer) => void }): () => void {
  const ending = new AbortController()
  // entering a child is told before leaving its parent: count
  let depth = 0
  const listen = (type: 'dragenter' | 'dragleave' | 'dragover' | 'drop', listener: (transfer: DataTransfer, event: DragEvent) => void): void => {
    window.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes('Files') === true) listener(event.dataTransfer, event)
    }, { signal: ending.signal })
  }
  listen('dragenter', () => {
    depth += 1
    events.onOver(true)
  })
  listen('dragleave', () => {
    depth = Math.max(0, depth - 1)
    if (depth === 0) events.onOver(false)
  })
  listen('dragover', (transfer, event) => {
    event.preventDefault()
    transfer.dropEffect = 'copy'
  })
  listen('drop', (transfer, event) => {
    event.preventDefault()
    depth = 0
    events.onOver(false)
    events.onDrop(transfer)
  })
  return () => ending.abort()
}
