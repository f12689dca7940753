import { Progress } from '@mantine/core'
import { IconCheck, IconPlayerSkipForward } from '@tabler/icons-react'
import { useEffect, useRef, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { Job } from '../../../../contract/schemas.ts'
import type { Tour, TourStep } from '../../../../contract/tour-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { formatDuration, formatEta } from '../../app/format.ts'
import { DrawnStreets, FirstLabels, LearningStudent } from './tour-pictures.tsx'
import { TourScores } from './tour-result.tsx'
import styles from './tour-steps.module.css'
import { STEP_WORDS, stepProgress, stepStateText } from './tour-words.ts'

/** The steps from top to bottom: what each does, how far it is, what it has made. */
export function TourSteps({ tour }: { readonly tour: Tour }): ReactNode {
  const jobs = useCall('jobs.list', {}).data ?? []
  return (
    <ol className={styles.steps} aria-label="Steps of the tour">
      {tour.steps.map((step, index) => (
        <Step key={step.name} tour={tour} step={step} number={index + 1} jobs={jobs.filter(({ id }) => step.jobIds.includes(id))} />
      ))}
    </ol>
  )
}

interface StepProps {
  readonly tour: Tour
  readonly step: TourStep
  readonly number: number
  readonly jobs: readonly Job[]
}

function Step({ tour, step, number, jobs }: StepProps): ReactNode {
  const { title, what, byHand } = STEP_WORDS[step.name]
  const live = step.state === 'running' || step.state === 'paused'
  const made = madePlace(tour, step)
  const item = useRef<HTMLLIElement>(null)
  // what happens now is what a person wants to see
  useEffect(() => {
    if (live) item.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  }, [live])
  return (
    <li ref={item} className={styles.step} data-state={step.state} aria-current={live ? 'step' : undefined}>
      <div className={styles.marker} aria-hidden>
        {step.state === 'done' ? <IconCheck size={15} stroke={2.2} /> : step.state === 'skipped' ? <IconPlayerSkipForward size={14} /> : number}
      </div>
      <div className={styles.body}>
        <div className={styles.head}>
          <h2 className={styles.title}>{title}</h2>
          <span className={styles.state}>{stepStateText(step, jobs, tour)}{took(step, jobs)}</span>
        </div>
        <p className={styles.what}>{what}</p>
        {live && <Running step={step} jobs={jobs} />}
        <Content tour={tour} step={step} />
        <p className={styles.links}>
          {made !== null && <><Link href={made.href}>{made.label}</Link> · </>}
          By hand: <Link href={byHand.href}>{byHand.label}</Link>
        </p>
      </div>
    </li>
  )
}

function Running({ step, jobs }: Pick<StepProps, 'step' | 'jobs'>): ReactNode {
  const running = jobs.find(({ state }) => state === 'running' || state === 'paused')
  return (
    <div className={styles.running} role="status">
      <Progress className={styles.bar} value={100 * stepProgress(jobs, step.jobIds.length)} aria-label={`Progress of “${STEP_WORDS[step.name].title}”`} />
      {running !== undefined && running.total > 0 && <span>{running.done} of {running.total}</span>}
      {running?.state === 'running' && <span className="faint">{formatEta(running.etaSeconds)}</span>}
      <span className={`${styles.message} faint`}>{running?.message ?? ''}</span>
    </div>
  )
}

function took({ state }: TourStep, jobs: readonly Job[]): string {
  if (state !== 'done' || jobs.length === 0) return ''
  const seconds = jobs.reduce((sum, { startedAt, finishedAt }) => sum + (startedAt === null || finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt)), 0) / 1000
  return `, took ${formatDuration(Math.max(0, seconds))}`
}

/** The page of what a step makes, once it has begun. */
function madePlace({ datasetId, runId, distillationId, studentId, evaluations }: Tour, { name, state }: TourStep): { readonly href: string; readonly label: string } | null {
  if (state === 'waiting') return null
  switch (name) {
    case 'draw': return datasetId === null ? null : { href: `/datasets/${datasetId}`, label: 'Open the dataset' }
    case 'label': return runId === null ? null : { href: `/labelling/${runId}`, label: 'Open the labelling run: point at a pixel to see why it has its label' }
    case 'score-teachers': {
      const labels = evaluations.find(({ subject }) => subject === 'labels')
      return labels === undefined ? null : { href: `/evaluations/${labels.evaluationId}`, label: 'Open the evaluation of the labels' }
    }
    case 'distil': return distillationId === null ? null : { href: `/distil/${distillationId}`, label: 'Open the distillation run with its curves' }
    case 'score-student': return studentId === null ? null : { href: `/students/${studentId}`, label: 'Open the student: export it' }
  }
}

function Content({ tour, step }: Pick<StepProps, 'tour' | 'step'>): ReactNode {
  if (step.state === 'waiting') return null
  switch (step.name) {
    case 'draw': return tour.datasetId === null ? null : <DrawnStreets datasetId={tour.datasetId} />
    case 'label': return tour.runId === null ? null : <FirstLabels runId={tour.runId} most={step.state === 'done' || step.state === 'skipped' ? 1 : 2} />
    case 'score-teachers': return tour.state === 'done' ? null : <TourScores tour={tour} />
    case 'distil': return tour.distillationId === null || step.state === 'done' ? null : <LearningStudent distillationId={tour.distillationId} />
    default: return null
  }
}
