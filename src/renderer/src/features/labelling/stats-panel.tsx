import type { ReactNode } from 'react'
import type { LabelStats, LabellingRun } from '../../../../contract/schemas.ts'
import { formatCount, formatDuration, formatShare } from '../../app/format.ts'
import { PROVIDER_NAMES } from '../../app/status-bar.tsx'
import { Fact } from '../../components/page.tsx'
import { Notice } from '../../components/states.tsx'
import { Panel } from './panel.tsx'
import styles from './stats-panel.module.css'

/** Numbers of this panorama, and what the run warned of. */
export function StatsPanel({ run, stats }: { readonly run: LabellingRun; readonly stats: LabelStats | null }): ReactNode {
  return (
    <>
      {stats !== null && (
        <Panel title="This panorama">
          <div className={styles.facts}>
            <Fact label="Mean confidence">{formatShare(stats.meanConfidence)}</Fact>
            <Fact label="Differs from TA">{formatShare(stats.disagreement)} of pixels</Fact>
            {run.samId !== null && <Fact label="Masks">{formatCount(stats.masks)}, covering {formatShare(stats.coverage, 0)}</Fact>}
            <Fact label="Inconsistency">{stats.consistency.toFixed(3)} nats between windows</Fact>
            <Fact label="Time">{formatDuration(stats.seconds)}, {formatShare(stats.seconds > 0 ? stats.ortSeconds / stats.seconds : 0, 0)} in the models ({PROVIDER_NAMES[stats.provider]})</Fact>
            <Fact label="From cache">{cachedText(stats)}</Fact>
          </div>
        </Panel>
      )}
      {run.warnings.length > 0 && (
        <Panel title="Warnings of the run">
          {run.warnings.map((warning) => <div key={warning} className={styles.warning}><Notice tone="warn">{warning}</Notice></div>)}
        </Panel>
      )}
    </>
  )
}

/** What did not have to be computed again. */
export function cachedText({ cached }: LabelStats): string {
  const parts = [
    cached.masks ? 'masks' : null,
    cached.semantics ? 'TA semantics' : null,
    cached.embeddings > 0 ? `${cached.embeddings} embeddings` : null,
  ].filter((part) => part !== null)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
