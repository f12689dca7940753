import type { ReactNode } from 'react'
import styles from './review-bar.module.css'

/** Accepted, rejected and open as one bar, with the numbers. */
export function ReviewBar({ accepted, rejected, total }: { readonly accepted: number; readonly rejected: number; readonly total: number }): ReactNode {
  const share = (count: number): string => `${total === 0 ? 0 : (100 * count) / total}%`
  return (
    <div className={styles.review}>
      <div className={styles.bar} role="img" aria-label={`${accepted} accepted, ${rejected} rejected of ${total}`}>
        <div className={styles.accepted} style={{ width: share(accepted) }} />
        <div className={styles.rejected} style={{ width: share(rejected) }} />
      </div>
      <span className={styles.numbers}>{accepted + rejected} of {total}</span>
    </div>
  )
}
