import { Loader, Progress } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatBytes, formatCount, formatDuration, plural } from '../../app/format.ts'
import { ActionFailure, Notice } from '../../components/states.tsx'
import styles from './distil-dialog.module.css'
import { formatPace } from './distil-words.ts'
import type { LiveEstimate } from './use-estimate.ts'

/** Beyond this share of the memory a run is likely to fail or to swap. */
const TIGHT = 0.8

/** What the form as it stands will take: panoramas, time, memory; or why it cannot be. */
export function EstimatePanel({ live, missing }: { readonly live: LiveEstimate; readonly missing: string | null }): ReactNode {
  const { estimate, error, busy } = live
  return (
    <aside className={styles.plan} aria-label="What it takes" aria-busy={busy}>
      <div className={styles.planBar}>
        <h3 className={styles.planTitle}>What it takes</h3>
        {busy && <Loader size={12} aria-label="Estimating" />}
      </div>
      {missing !== null && <p className={styles.sentence}>{missing}</p>}
      <ActionFailure error={error} />
      {missing === null && error === null && estimate === null && <p className={styles.sentence}>Estimating time and memory.</p>}
      {missing === null && error === null && estimate !== null && (
        <div className={styles.planBody} data-stale={busy}>
          <Amount label="Time" value={`about ${formatDuration(estimate.totalSeconds)}`}>
            {formatPace(1 / estimate.secondsPerStep)}, {estimate.measured ? 'measured on this machine' : 'from arithmetic; measured once it runs'}
            {estimate.refinement !== null && <span className={styles.leftOut}>about {formatDuration(estimate.refinement.seconds)} of it for the TA first ({formatPace(1 / estimate.refinement.secondsPerStep)})</span>}
          </Amount>
          <Amount label="Memory" value={`${formatBytes(estimate.peakBytes)} of ${formatBytes(estimate.memoryBytes)}`}>
            <Progress
              value={Math.min(100, (100 * estimate.peakBytes) / estimate.memoryBytes)} aria-label="Memory of this machine that a step needs"
              color={estimate.peakBytes > TIGHT * estimate.memoryBytes ? 'red' : undefined}
            />
          </Amount>
          <Amount label="Panoramas" value={plural(estimate.panoramas, 'panorama')}>
            {estimate.heldOut === 0 ? 'none held out' : `${formatCount(estimate.heldOut)} more held out to score the student`}
            {estimate.leftOut.map(({ reason, count }) => <span key={reason} className={styles.leftOut}>{formatCount(count)} left out: {reason}</span>)}
          </Amount>
          <Amount label="Student" value={`${formatCount(estimate.parameters)} parameters`} />
          {estimate.warnings.map((warning) => <Notice key={warning} tone="warn">{warning}</Notice>)}
        </div>
      )}
    </aside>
  )
}

function Amount({ label, value, children }: { readonly label: string; readonly value: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div>
      <div className={styles.amountLabel}>{label}</div>
      <div className={styles.amount}>{value}</div>
      {children !== undefined && <div className={styles.amountNote}>{children}</div>}
    </div>
  )
}
