import { ActionIcon, Checkbox, TextInput } from '@mantine/core'
import { IconArrowUp, IconFileCode, IconFolder } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import type { FolderListing } from '../../../contract/schemas.ts'
import { useCall } from '../app/calls.ts'
import { formatCount, plural } from '../app/format.ts'
import styles from './folder-browser.module.css'
import { Tip } from './keys.tsx'
import { Failed, SkeletonRows } from './states.tsx'

type Choice = 'folder' | 'models' | 'weights'

interface FolderBrowserProps {
  /** what is chosen: a folder (the one that is open), or model files in it, or files of weights */
  readonly choose: Choice
  /** the open folder; null: the home folder */
  readonly path: string | null
  readonly onPath: (path: string) => void
  readonly files?: readonly string[]
  readonly onFiles?: (files: readonly string[]) => void
}

/** Folders of the machine the host runs on (which need not be this one). */
export function FolderBrowser({ choose, path, onPath, files = [], onFiles }: FolderBrowserProps): ReactNode {
  const listing = useCall('files.list', { path }, { keepPrevious: true, fresh: true })
  const [typed, setTyped] = useState<string | null>(null)
  const shown = listing.data
  const parent = shown?.parent ?? null
  const go = (to: string): void => {
    setTyped(null)
    onPath(to)
  }
  return (
    <div className={styles.browser}>
      <div className={styles.bar}>
        <Tip label="Up one folder">
          <ActionIcon aria-label="Up one folder" disabled={parent === null} onClick={() => parent !== null && go(parent)}>
            <IconArrowUp size={16} />
          </ActionIcon>
        </Tip>
        <TextInput
          className={styles.path} classNames={{ input: 'mono' }} aria-label="Folder path" spellCheck={false}
          placeholder="/path/to/folder" value={typed ?? shown?.path ?? path ?? ''}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return
            // opens the folder; the dialog around it is not sent
            event.preventDefault()
            if (typed !== null && typed.trim() !== '') go(typed.trim())
          }}
          onBlur={() => typed !== null && typed.trim() !== '' && go(typed.trim())}
        />
      </div>
      <div className={styles.list} role="group" aria-label="Folders" aria-busy={listing.isFetching}>
        {listing.isPending && <SkeletonRows rows={6} height={24} />}
        {listing.isError && <Failed error={listing.error} onRetry={() => void listing.refetch()} />}
        {listing.isSuccess && shown !== undefined && (
          <Entries listing={shown} choose={choose} files={files} onFiles={onFiles} onPath={go} />
        )}
      </div>
      {shown !== undefined && !listing.isError && (
        <div className={styles.foot}>
          {footText(choose, shown, files.length)}
        </div>
      )}
    </div>
  )
}

function footText(choose: Choice, listing: FolderListing, chosen: number): string {
  if (choose === 'folder') return listing.images > 0 ? `${plural(listing.images, 'image')} directly in this folder` : 'No images directly in this folder; folders below it are searched too'
  if (listing[choose].length === 0) return choose === 'models' ? 'No .onnx files in this folder' : 'No .safetensors files in this folder'
  return `${plural(listing[choose].length, choose === 'models' ? 'model file' : 'file of weights', choose === 'models' ? 'model files' : 'files of weights')} here, ${formatCount(chosen)} chosen`
}

function Entries(props: {
  readonly listing: FolderListing
  readonly choose: Choice
  readonly files: readonly string[]
  readonly onFiles: ((files: readonly string[]) => void) | undefined
  readonly onPath: (path: string) => void
}): ReactNode {
  const { listing, choose, files, onFiles, onPath } = props
  const choices = choose === 'folder' ? [] : listing[choose]
  if (listing.folders.length === 0 && choices.length === 0) {
    return <div className={styles.nothing}>{choose === 'folder' ? 'No folders in here.' : 'No folders and no such files in here.'}</div>
  }
  return (
    <>
      {listing.folders.map((folder) => (
        <button key={folder.path} type="button" className={styles.entry} onClick={() => onPath(folder.path)}>
          <IconFolder size={15} stroke={1.6} />
          <span className="truncate">{folder.name}</span>
        </button>
      ))}
      {choices.map((file) => (
        <label key={file.path} className={styles.entry} data-chosen={files.includes(file.path)}>
          <Checkbox
            aria-label={file.name} checked={files.includes(file.path)}
            onChange={(event) => onFiles?.(event.currentTarget.checked ? [...files, file.path] : files.filter((other) => other !== file.path))}
          />
          <IconFileCode size={15} stroke={1.6} />
          <span className="truncate">{file.name}</span>
        </label>
      ))}
    </>
  )
}
