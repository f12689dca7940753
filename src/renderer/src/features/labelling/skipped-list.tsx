import type { ReactNode } from 'react'
import type { RefusedFile } from '../../../../contract/schemas.ts'
import styles from './skipped-list.module.css'

/** Panoramas that were left out, and why. */
export function SkippedList({ title, skipped }: { readonly title: string; readonly skipped: readonly RefusedFile[] }): ReactNode {
  if (skipped.length === 0) return null
  return (
    <details className={styles.details}>
      <summary>{title}: {skipped.length}</summary>
      <ul className={styles.list}>
        {skipped.map(({ file, message }) => <li key={file}><strong>{file}</strong> {message}</li>)}
      </ul>
    </details>
  )
}
