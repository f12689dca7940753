import type { ReactNode } from 'react'
import { TourInvitation } from '../tour/tour-invitation.tsx'
import styles from './no-datasets.module.css'

interface NoDatasetsProps {
  readonly importButton: ReactNode
  readonly generateButton: ReactNode
}

/** A workspace with nothing in it: bring panoramas, or see the whole job on streets that come with the program. */
export function NoDatasets({ importButton, generateButton }: NoDatasetsProps): ReactNode {
  return (
    <div className={styles.choices}>
      <TourInvitation />
      <section className={styles.own} aria-label="Your own panoramas">
        <h2 className={styles.title}>No panoramas yet</h2>
        <p className={styles.text}>
          Import a folder of 360° street panoramas (jpg, png, webp or tiff). No labels are needed. You can also drop the folder anywhere on this window.
        </p>
        <div className={styles.actions}>{importButton}{generateButton}</div>
      </section>
    </div>
  )
}
