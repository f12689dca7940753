import { UnstyledButton } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useCall } from '../../app/calls.ts'
import { CatalogueLink } from '../models/catalogue-link.tsx'
import styles from './downloaded-weights.module.css'

interface DownloadedWeightsProps {
  /** the chosen file, on the host's machine */
  readonly file: string | null
  readonly onFile: (file: string) => void
  /** the way to the catalogue was taken */
  readonly onLeave: () => void
}

/** First weights from the catalogue, each chosen with a click. */
export function DownloadedWeights({ file, onFile, onLeave }: DownloadedWeightsProps): ReactNode {
  const catalogue = useCall('models.catalogue', {})
  const there = catalogue.data?.flatMap(({ repo, summary, weightsFile }) => (weightsFile === null ? [] : [{ repo, summary, weightsFile }])) ?? []
  if (!catalogue.isSuccess) return null
  if (there.length === 0) {
    return <p className={styles.hint}>First weights such as nvidia/mit-b0 can be downloaded <CatalogueLink onFollow={onLeave}>from the catalogue</CatalogueLink>; they are then offered here.</p>
  }
  return (
    <div className={styles.list} role="group" aria-label="Downloaded first weights">
      {there.map(({ repo, summary, weightsFile }) => (
        <UnstyledButton key={repo} className={styles.weights} aria-pressed={file === weightsFile} onClick={() => onFile(weightsFile)}>
          <span className={styles.text}>
            <span className={styles.name}>{repo}</span>
            <span className={styles.summary}>{summary}</span>
          </span>
          {file === weightsFile && <IconCheck size={15} stroke={2} aria-hidden />}
        </UnstyledButton>
      ))}
    </div>
  )
}
