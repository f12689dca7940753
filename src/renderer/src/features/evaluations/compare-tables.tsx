import { ActionIcon, Button } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Comparison } from '../../../../contract/training-schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import table from '../../components/list-table.module.css'
import { classColor } from '../labelling/explain-words.ts'
import { ClassName } from './class-table.tsx'
import styles from './compare-tables.module.css'
import { formatPoints, METRICS, MODES, shareOr, SUBJECT_NAMES } from './evaluation-words.ts'

/** One evaluation of the comparison. */
export interface Column {
  readonly letter: string
  readonly evaluation: Comparison['evaluations'][number]
}

interface ScoreDifferencesProps {
  readonly columns: readonly Column[]
  readonly onFirst: (index: number) => void
  /** null: no fewer can be compared */
  readonly onRemove: ((index: number) => void) | null
}

/** What is compared, with its scores. */
export function ScoreDifferences({ columns, onFirst, onRemove }: ScoreDifferencesProps): ReactNode {
  const [first] = columns
  return (
    <table className={`${table.table} ${styles.compared}`}>
      <thead>
        <tr>
          <th aria-label="Letter" />
          <th>Scored</th>
          <th>Inference</th>
          {METRICS.map(({ key, name, definition }) => <th key={key} className={table.number} title={definition}>{name}</th>)}
          <th className={table.shrink} aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {columns.map(({ letter, evaluation: { id, subject, mode, result } }, index) => (
          <tr key={id}>
            <td className={table.shrink}><span className={styles.letter}>{letter}</span></td>
            <td><Link href={`/evaluations/${id}`} className={table.name}>{subject.name}</Link> <span className="faint">{SUBJECT_NAMES[subject.kind]}</span></td>
            <td className="muted">{mode === null ? 'labels as they are' : MODES[mode].name}</td>
            {METRICS.map(({ key }) => (
              <td key={key} className={table.number}><Against value={result?.[key] ?? null} base={index === 0 ? null : (first.evaluation.result?.[key] ?? null)} /></td>
            ))}
            <td className={table.shrink}>
              <div className={styles.actions}>
                {index > 0 && <Button variant="subtle" size="compact-xs" onClick={() => onFirst(index)}>Make it A</Button>}
                {onRemove !== null && <ActionIcon size="sm" aria-label={`Leave out ${subject.name}`} onClick={() => onRemove(index)}><IconX size={14} /></ActionIcon>}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface ClassDifferencesProps {
  readonly columns: readonly Column[]
  readonly perClass: Comparison['perClass']
  readonly labelSet: LabelSet
}

/** IoU by class, with the difference to the first. */
export function ClassDifferences({ columns, perClass, labelSet }: ClassDifferencesProps): ReactNode {
  return (
    <table className={`${table.table} ${styles.compared}`}>
      <thead>
        <tr>
          <th>Class</th>
          {columns.map(({ letter, evaluation: { id, subject } }) => <th key={id} className={table.number}><span className={styles.letter}>{letter}</span> {subject.name}</th>)}
        </tr>
      </thead>
      <tbody>
        {perClass.map(({ trainId, name, iou }) => {
          const best = Math.max(...iou.map((value) => value ?? -1))
          return (
            <tr key={trainId} data-absent={best < 0}>
              <td><ClassName name={name} color={classColor(labelSet, trainId)} /></td>
              {iou.map((value, index) => (
                <td key={columns[index].letter} className={table.number} data-best={value !== null && value === best && best > 0}>
                  <Against value={value} base={index === 0 ? null : iou[0]} />
                </td>
              ))}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** A share and how far it lies from the first one's. */
function Against({ value, base }: { readonly value: number | null; readonly base: number | null }): ReactNode {
  const points = formatPoints(value, base)
  return (
    <span className={styles.against}>
      {points !== '' && <span className={styles.points} data-way={points.startsWith('+') ? 'up' : points.startsWith('±') ? 'same' : 'down'}>{points}</span>}
      <span className={styles.value}>{shareOr(value)}</span>
    </span>
  )
}
