import type { ReactNode } from 'react'
import type { Evaluation } from '../../../../contract/schemas.ts'
import { METRICS, shareOr } from './evaluation-words.ts'
import styles from './scores.module.css'

/** The numbers of an evaluation, each with its definition. */
export function Scores({ result }: { readonly result: Evaluation }): ReactNode {
  return (
    <dl className={styles.scores}>
      {METRICS.map(({ key, name, definition }) => (
        <div key={key} className={styles.score} data-main={key === 'miou'}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value} data-testid={key}>{shareOr(result[key])}</dd>
          <dd className={styles.definition}>{definition}</dd>
        </div>
      ))}
    </dl>
  )
}
