import { Button } from '@mantine/core'
import { IconFileCode } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { baseName, folderOf } from '../../app/format.ts'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import styles from './distil-dialog.module.css'

interface FileFieldProps {
  readonly choose: 'models' | 'weights'
  readonly file: string | null
  readonly onFile: (file: string | null) => void
}

/** One file of the host's machine: chosen in its folders, then shown as a line. */
export function FileField({ choose, file, onFile }: FileFieldProps): ReactNode {
  const [path, setPath] = useState<string | null>(file === null ? null : folderOf(file))
  if (file !== null) {
    return (
      <div className={styles.file}>
        <IconFileCode size={15} stroke={1.6} />
        <span className="truncate" title={file}>{baseName(file)}</span>
        <Button variant="subtle" size="compact-xs" onClick={() => onFile(null)}>Choose another</Button>
      </div>
    )
  }
  return <FolderBrowser choose={choose} path={path} onPath={setPath} onFiles={(files) => onFile(files.at(-1) ?? null)} />
}
