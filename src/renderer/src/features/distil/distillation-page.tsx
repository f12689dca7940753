import { Button } from '@mantine/core'
import { IconSchool } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Job } from '../../../../contract/schemas.ts'
import type { DistillationRun } from '../../../../contract/training-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Page, Section } from '../../components/page.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { JobLog } from '../jobs/job-log.tsx'
import { JobButtons, useJobActions } from '../jobs/jobs-page.tsx'
import { Checkpoints } from './checkpoints.tsx'
import { DistillationMenu, DistillationProgress } from './distil-page.tsx'
import styles from './distillation-page.module.css'
import { runState, runSummary } from './distil-words.ts'
import { LearningRateControl } from './learning-rate-control.tsx'
import { LossChart } from './loss-chart.tsx'
import { MeasureCharts } from './measure-charts.tsx'
import { RunFacts } from './run-facts.tsx'
import { RunNotices } from './run-notices.tsx'
import { SamplePanel } from './sample-panel.tsx'
import { useCurve } from './use-curve.ts'

const PARENT = { href: '/distil', label: 'Distil' }
const KEYS = { pause: 'pauseDistillation', cancel: 'cancelDistillation', retry: 'retryDistillation' } as const

/** One distillation run: how it goes, what it makes, what can be asked of it. */
export function DistillationPage({ id }: { readonly id: string }): ReactNode {
  const run = useCall('distillations.get', { distillation: id })
  const jobs = useCall('jobs.list', {})
  if (run.isError) return <Page title="Distillation run" parent={PARENT}><Failed error={run.error} onRetry={() => void run.refetch()} /></Page>
  if (run.data === undefined || jobs.data === undefined) {
    return <Page title={run.data?.name ?? '\u00a0'} parent={PARENT}><SkeletonRows rows={6} height={72} /></Page>
  }
  return <Ready run={run.data} jobs={jobs.data} />
}

function Ready({ run, jobs }: { readonly run: DistillationRun; readonly jobs: readonly Job[] }): ReactNode {
  const [, navigate] = useLocation()
  const live = useCurve(run.id)
  const job = jobs.find(({ id }) => id === run.jobId)
  const actions = useJobActions(job)
  const state = runState(run, job, jobs)
  const point = live.curve?.points.at(-1) ?? null
  // the row of the run is fetched again only now and then: the newest point knows better, also for the moment in which a run comes to rest
  const step = Math.max(run.step, ['running', 'stopping', 'paused'].includes(state.kind) ? point?.step ?? 0 : 0)
  const etaSeconds = live.etaSeconds ?? job?.etaSeconds ?? null
  const under = state.kind !== 'done' && state.kind !== 'early' && state.kind !== 'cancelled'

  useShortcutScope('distil')
  useShortcut('pauseDistillation', actions.pause ?? actions.resume)
  useShortcut('cancelDistillation', actions.cancel)
  useShortcut('retryDistillation', actions.retry)

  return (
    <Page
      title={run.name} parent={PARENT} subtitle={`${run.labellingRunName} · ${runSummary(run)}`}
      actions={
        <>
          <DistillationProgress run={run} job={job} jobs={jobs} step={step} etaSeconds={etaSeconds} />
          {job !== undefined && <JobButtons job={job} actions={actions} keys={KEYS} />}
          {run.studentId !== null && (
            <Button component={Link} href={`/students/${run.studentId}`} leftSection={<IconSchool size={15} stroke={1.7} />} variant={under ? 'default' : 'filled'}>Open the student</Button>
          )}
          {run.refinedTaId !== null && <Button component={Link} href={`/models/${run.refinedTaId}`} variant={under ? 'default' : 'filled'}>Open the refined TA</Button>}
          <DistillationMenu run={run} onRemoved={() => navigate('/distil')} />
        </>
      }
    >
      <RunNotices run={run} state={state} step={step} actions={actions} />
      <RunFacts run={run} point={point} step={step} running={state.kind === 'running'} />
      <Section title="Loss">
        {live.error !== null && <Failed error={live.error} onRetry={live.retry} />}
        {live.error === null && live.curve === null && <SkeletonRows rows={1} height={320} />}
        {live.curve !== null && live.curve.points.length === 0 && <p className={styles.nothing}>The curve begins with the first step.</p>}
        {live.curve !== null && live.curve.points.length > 0 && (
          <>
            <LossChart points={live.curve.points} />
            <MeasureCharts curve={live.curve} run={run} />
          </>
        )}
      </Section>
      <SamplePanel run={run} />
      <div className={styles.columns}>
        <div>
          {under && <LearningRateControl run={run} />}
          <Checkpoints run={run} />
        </div>
        {job !== undefined && <div className={styles.log}><JobLog job={job} /></div>}
      </div>
    </Page>
  )
}
