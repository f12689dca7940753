import { UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'
import { IGNORE_ID, type LabelSet } from '../../../../core/labels/label-set.ts'
import { formatShare } from '../../app/format.ts'
import { classColor } from './explain-words.ts'
import styles from './classes-panel.module.css'
import { Panel } from './panel.tsx'

interface ClassesPanelProps {
  readonly labelSet: LabelSet
  /** by trainId; null while unknown */
  readonly shares: Float64Array | null
  readonly hidden: ReadonlySet<number>
  readonly onHidden: (hidden: ReadonlySet<number>) => void
}

/** The label set with its colours; click hides a class, Alt-click shows it alone. */
export function ClassesPanel({ labelSet, shares, hidden, onHidden }: ClassesPanelProps): ReactNode {
  const most = shares === null ? 1 : Math.max(...labelSet.classes.map(({ trainId }) => shares[trainId]), 1e-9)
  const toggle = (trainId: number, alone: boolean): void => {
    if (alone) {
      const others = labelSet.classes.filter((one) => one.trainId !== trainId).map((one) => one.trainId)
      // alone already: all come back
      onHidden(hidden.size === others.length && !hidden.has(trainId) ? new Set() : new Set(others))
      return
    }
    const next = new Set(hidden)
    if (!next.delete(trainId)) next.add(trainId)
    onHidden(next)
  }
  const ignored = shares?.[IGNORE_ID] ?? 0
  return (
    <Panel
      title="Classes"
      aside={hidden.size > 0 && <UnstyledButton className={styles.all} onClick={() => onHidden(new Set())}>Show all</UnstyledButton>}
    >
      <div role="group" aria-label="Classes">
        {labelSet.classes.map(({ trainId, name }) => {
          const share = shares?.[trainId] ?? null
          return (
            <button
              key={trainId} type="button" className={styles.row} aria-pressed={!hidden.has(trainId)} aria-label={name} data-absent={share === 0}
              title="Click to hide, Alt-click to show alone" onClick={(event) => toggle(trainId, event.altKey)}
            >
              <span className={styles.swatch} style={{ background: classColor(labelSet, trainId) }} />
              <span className={styles.name}>{name}</span>
              <span className={styles.bar}><span style={{ width: `${(100 * (share ?? 0)) / most}%`, background: classColor(labelSet, trainId) }} /></span>
              <span className={styles.share}>{share === null ? '' : share === 0 ? '0' : formatShare(share)}</span>
            </button>
          )
        })}
        {ignored > 0 && (
          <div className={styles.row}>
            <span className={styles.swatch} data-ignore />
            <span className={styles.name}>ignore</span>
            <span className={styles.bar} />
            <span className={styles.share}>{formatShare(ignored)}</span>
          </div>
        )}
      </div>
    </Panel>
  )
}
