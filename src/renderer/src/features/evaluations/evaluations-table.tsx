import { Checkbox, Progress } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { useCall } from '../../app/calls.ts'
import { formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import table from '../../components/list-table.module.css'
import { Tag } from '../../components/tag.tsx'
import { jobStateText } from '../jobs/job-words.ts'
import { evaluationTitle, MODES, shareOr, SUBJECT_NAMES, truthName, type EvaluationSummary } from './evaluation-words.ts'
import styles from './evaluations-table.module.css'

interface EvaluationsTableProps {
  readonly evaluations: readonly EvaluationSummary[]
  readonly chosen: readonly string[]
  readonly onChosen: (ids: readonly string[]) => void
  /** false where all are of the one thing that the page is about */
  readonly withSubject?: boolean
}

/** Evaluations with their scores; chosen ones can be compared. */
export function EvaluationsTable({ evaluations, chosen, onChosen, withSubject = true }: EvaluationsTableProps): ReactNode {
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th className={table.shrink} aria-label="Choose" />
          {withSubject && <th>Scored</th>}
          <th>Dataset</th>
          <th>Truth</th>
          <th>Inference</th>
          <th className={table.number}>mIoU</th>
          <th className={table.number}>Pixel accuracy</th>
          <th className={table.number}>By solid angle</th>
          <th className={table.number}>Boundary F</th>
          <th className={table.shrink}>When</th>
        </tr>
      </thead>
      <tbody>
        {evaluations.map((evaluation) => (
          <Row
            key={evaluation.id} evaluation={evaluation} withSubject={withSubject} isChosen={chosen.includes(evaluation.id)}
            onChoose={(on) => onChosen(on ? [...chosen, evaluation.id] : chosen.filter((id) => id !== evaluation.id))}
          />
        ))}
      </tbody>
    </table>
  )
}

interface RowProps {
  readonly evaluation: EvaluationSummary
  readonly withSubject: boolean
  readonly isChosen: boolean
  readonly onChoose: (on: boolean) => void
}

function Row({ evaluation, withSubject, isChosen, onChoose }: RowProps): ReactNode {
  const [, navigate] = useLocation()
  const now = useNow()
  const { id, subject, datasetName, truth, mode, result, createdAt } = evaluation
  const href = `/evaluations/${id}`
  const link = (text: string): ReactNode => <Link href={href} className={table.name} onClick={(event) => event.stopPropagation()}>{text}</Link>
  return (
    <tr className={table.clickable} aria-selected={isChosen} onClick={() => navigate(href)}>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}>
        <Checkbox aria-label={`Choose ${evaluationTitle(evaluation)}`} checked={isChosen} disabled={result === null} onChange={(event) => onChoose(event.currentTarget.checked)} />
      </td>
      {withSubject && <td><span className={styles.subject}>{link(subject.name)}<Tag>{SUBJECT_NAMES[subject.kind]}</Tag></span></td>}
      <td>{withSubject ? datasetName : link(datasetName)}</td>
      <td className="muted" title={truth ?? undefined}>{truthName(truth)}</td>
      <td className="muted">{mode === null ? 'labels as they are' : MODES[mode].name}</td>
      {result === null
        ? <td colSpan={4}><Unfinished evaluation={evaluation} /></td>
        : (
          <>
            <td className={table.number}><strong>{shareOr(result.miou)}</strong></td>
            <td className={table.number}>{shareOr(result.pixelAccuracy)}</td>
            <td className={table.number}>{shareOr(result.solidAngleMiou)}</td>
            <td className={table.number}>{shareOr(result.boundaryF)}</td>
          </>
        )}
      <td className={table.shrink}>{formatWhen(createdAt, now)}</td>
    </tr>
  )
}

/** An evaluation without a result: how far its job is, or why there is none. */
function Unfinished({ evaluation }: { readonly evaluation: EvaluationSummary }): ReactNode {
  const job = useCall('jobs.list', {}).data?.find(({ id }) => id === evaluation.jobId)
  if (evaluation.status === 'failed') return <span className={styles.failed} title={evaluation.error ?? undefined}>{evaluation.error ?? 'It failed.'}</span>
  if (job === undefined) return <span className="faint">no result</span>
  return (
    <span className={styles.progress}>
      <Progress value={job.progress * 100} color={job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${evaluationTitle(evaluation)}`} />
      <span className="faint">{jobStateText(job)}</span>
    </span>
  )
}
