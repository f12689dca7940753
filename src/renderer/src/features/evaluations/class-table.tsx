import { UnstyledButton } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { formatCount } from '../../app/format.ts'
import table from '../../components/list-table.module.css'
import { classColor } from '../labelling/explain-words.ts'
import styles from './class-table.module.css'
import { shareOr, sortClasses, type ClassScore, type ClassSort } from './evaluation-words.ts'

const COLUMNS: readonly { readonly by: ClassSort; readonly name: string; readonly number: boolean }[] = [
  { by: 'class', name: 'Class', number: false },
  { by: 'iou', name: 'IoU', number: true },
  { by: 'pixels', name: 'Pixels of the truth', number: true },
]

/** IoU of each class, sorted as one likes. */
export function ClassTable({ classes, labelSet }: { readonly classes: readonly ClassScore[]; readonly labelSet: LabelSet }): ReactNode {
  const [sort, setSort] = useState<{ readonly by: ClassSort; readonly descending: boolean }>({ by: 'class', descending: false })
  const sortBy = (by: ClassSort): void => setSort({ by, descending: by === sort.by ? !sort.descending : by !== 'class' })
  return (
    <table className={`${table.table} ${styles.classes}`}>
      <thead>
        <tr>
          {COLUMNS.map(({ by, name, number }) => (
            <th key={by} className={number ? table.number : undefined} aria-sort={sort.by !== by ? 'none' : sort.descending ? 'descending' : 'ascending'}>
              <UnstyledButton className={styles.sort} onClick={() => sortBy(by)}>{name}<span aria-hidden>{sort.by !== by ? '' : sort.descending ? ' ↓' : ' ↑'}</span></UnstyledButton>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sortClasses(classes, sort.by, sort.descending).map(({ trainId, name, iou, pixels }) => (
          <tr key={trainId} data-absent={iou === null}>
            <td><ClassName name={name} color={classColor(labelSet, trainId)} /></td>
            <td className={table.number}>
              <span className={styles.iou}><span className={styles.track}><span style={{ width: `${(iou ?? 0) * 100}%` }} /></span>{shareOr(iou)}</span>
            </td>
            <td className={table.number}>{formatCount(pixels)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function ClassName({ name, color }: { readonly name: string; readonly color: string }): ReactNode {
  return <span className={styles.name}><span className={styles.swatch} style={{ background: color }} />{name}</span>
}
