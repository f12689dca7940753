import { Button, Progress, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconFlask2 } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Job } from '../../../../contract/schemas.ts'
import type { DistillationRun } from '../../../../contract/training-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatCount, formatEta, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { Tip } from '../../components/keys.tsx'
import table from '../../components/list-table.module.css'
import { Page } from '../../components/page.tsx'
import { RecordMenu } from '../../components/record-menu.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import styles from './distil-page.module.css'
import { STATE_WORDS, formatNumber, initText, runState, runSummary, scoreText } from './distil-words.ts'

/** All distillation runs. */
export function DistilPage(): ReactNode {
  const runs = useCall('distillations.list', {})
  const jobs = useCall('jobs.list', {}).data ?? []
  const { show } = useDialogs()
  const startButton = (
    <Tip label="Distil a student" shortcut="startDistilling">
      <Button leftSection={<IconFlask2 size={14} stroke={2} />} onClick={() => show({ kind: 'distil', run: null, student: null })}>Distil a student</Button>
    </Tip>
  )
  const some = runs.data !== undefined && runs.data.length > 0
  return (
    <Page title="Distil" actions={some ? startButton : undefined}>
      {runs.isPending && <SkeletonRows rows={5} height={52} />}
      {runs.isError && <Failed error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && !some && (
        <Empty icon={<IconFlask2 size={22} stroke={1.5} />} title="No distillation runs yet" action={startButton}>
          A distillation run trains a compact student from the pseudo-labels of a labelling run: whole panoramas, windows, trusted masks and boundaries, all at once. The student is then scored and exported.
        </Empty>
      )}
      {some && (
        <table className={table.table}>
          <thead>
            <tr>
              <th>Name</th>
              <th>Labelling run</th>
              <th>Student</th>
              <th>Progress</th>
              <th className={table.number}>Loss</th>
              <th>Best score</th>
              <th>Started</th>
              <th className={table.shrink} aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {runs.data.map((run) => <Row key={run.id} run={run} job={jobs.find(({ id }) => id === run.jobId)} jobs={jobs} />)}
          </tbody>
        </table>
      )}
    </Page>
  )
}

function Row({ run, job, jobs }: { readonly run: DistillationRun; readonly job: Job | undefined; readonly jobs: readonly Job[] }): ReactNode {
  const [, navigate] = useLocation()
  const now = useNow()
  const href = `/distil/${run.id}`
  return (
    <tr className={table.clickable} onClick={() => navigate(href)}>
      <td>
        <div className={styles.name}>
          <Link href={href} className={table.name} onClick={(event) => event.stopPropagation()}>{run.name}</Link>
          {run.warnings.length > 0 && (
            <Tooltip label={run.warnings.join('\n')}><IconAlertTriangle size={14} className={styles.warning} aria-label={run.warnings.join(' ')} /></Tooltip>
          )}
        </div>
      </td>
      <td>{run.labellingRunName}{run.labellingRunId === null && <span className="faint"> (removed)</span>}</td>
      <td>
        <div>{runSummary(run)}</div>
        <div className={table.sub}>{run.task === 'refine-ta' ? 'refines the teacher assistant' : `from ${initText(run.init)}`}</div>
      </td>
      <td><DistillationProgress run={run} job={job} jobs={jobs} /></td>
      <td className={table.number}>{run.loss === null ? <span className="faint">none yet</span> : formatNumber(run.loss)}</td>
      <td>{run.bestScore === null ? <span className="faint">{run.scoreKind === null ? 'not scored' : 'none yet'}</span> : scoreText(run.bestScore, run.scoreKind)}</td>
      <td className={table.shrink}>{formatWhen(run.createdAt, now)}</td>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}><DistillationMenu run={run} /></td>
    </tr>
  )
}

interface ProgressProps {
  readonly run: DistillationRun
  readonly job: Job | undefined
  readonly jobs: readonly Job[]
  /** of the step that is being done now, where it is known sooner than the record */
  readonly step?: number
  readonly etaSeconds?: number | null
}

/** How far a run is, and for how long still. */
export function DistillationProgress({ run, job, jobs, step = run.step, etaSeconds = job?.etaSeconds ?? null }: ProgressProps): ReactNode {
  const state = runState(run, job, jobs)
  const text = `${formatCount(step)} of ${formatCount(run.config.steps)}`
  const under = ['queued', 'preparing', 'running', 'stopping', 'paused'].includes(state.kind)
  if (!under) {
    return <div className={styles.progressText}>{text}<span className={state.kind === 'failed' ? styles.failed : 'faint'}>{STATE_WORDS[state.kind].toLowerCase()}</span></div>
  }
  const moving = state.kind === 'running' || state.kind === 'preparing'
  // a stage before the first step has its part of the bar
  const share = run.task === 'distil' && run.config.taRefinement !== null && moving ? job?.progress ?? 0 : step / run.config.steps
  const left = moving && (state.kind === 'running' || etaSeconds !== null) ? formatEta(etaSeconds) : STATE_WORDS[state.kind].toLowerCase()
  return (
    <div className={styles.progress}>
      <Progress value={100 * share} color={moving ? undefined : 'gray'} aria-label={`Progress of ${run.name}`} />
      <div className={styles.progressText}>
        {text}
        <span className="faint">{left}</span>
      </div>
    </div>
  )
}

/** Rename and remove; `onRemoved` where the page itself goes with it. */
export function DistillationMenu({ run, onRemoved }: { readonly run: DistillationRun; readonly onRemoved?: () => void }): ReactNode {
  const rename = useAction('distillations.rename', { inline: true })
  const remove = useAction('distillations.remove', { inline: true })
  return (
    <RecordMenu
      noun="distillation run" name={run.name} rename={rename} renameTo={(name) => ({ distillation: run.id, name })}
      remove={remove} removeIt={{ distillation: run.id }} onRemoved={onRemoved}
    >
      Its curves, samples and checkpoints leave this workspace. {run.task === 'refine-ta' ? 'The teacher assistant that it made stays.' : 'The student that came of it stays.'}
    </RecordMenu>
  )
}
