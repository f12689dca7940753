import { Button, Progress, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconPlayerPlay, IconStack2 } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Job, LabellingRun, Model } from '../../../../contract/schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatEta, formatShare, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { Tip } from '../../components/keys.tsx'
import table from '../../components/list-table.module.css'
import { Page } from '../../components/page.tsx'
import { RecordMenu } from '../../components/record-menu.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import styles from './labelling-page.module.css'
import { ReviewBar } from './review-bar.tsx'
import { runSummary } from './run-words.ts'

/** All labelling runs. */
export function LabellingPage(): ReactNode {
  const runs = useCall('runs.list', {})
  const jobs = useCall('jobs.list', {}).data ?? []
  const models = useCall('models.list', {}).data ?? []
  const { show } = useDialogs()
  const startButton = (
    <Tip label="Start labelling" shortcut="startLabelling">
      <Button leftSection={<IconPlayerPlay size={14} stroke={2} />} onClick={() => show({ kind: 'label', dataset: null })}>Start labelling</Button>
    </Tip>
  )
  const some = runs.data !== undefined && runs.data.length > 0
  return (
    <Page title="Labelling" actions={some ? startButton : undefined}>
      {runs.isPending && <SkeletonRows rows={5} height={52} />}
      {runs.isError && <Failed error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && !some && (
        <Empty icon={<IconStack2 size={22} stroke={1.5} />} title="No labelling runs yet" action={startButton}>
          A run gives every pixel of a dataset a pseudo-label: SAM finds the masks, the teacher assistant names them, theta decides whom to trust. You look through the doubtful ones and export.
        </Empty>
      )}
      {some && (
        <table className={table.table}>
          <thead>
            <tr>
              <th>Name</th>
              <th>Dataset</th>
              <th>Method</th>
              <th>Labelled</th>
              <th className={table.number}>Mean confidence</th>
              <th>Reviewed</th>
              <th>Started</th>
              <th className={table.shrink} aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {runs.data.map((run) => <RunRow key={run.id} run={run} job={jobs.find(({ id }) => id === run.jobId)} models={models} />)}
          </tbody>
        </table>
      )}
    </Page>
  )
}

/** "nano-sam + espnet" as far as the models are still known. */
export function modelNames(run: LabellingRun, models: readonly Model[]): string {
  const name = (id: string): string => models.find((model) => model.id === id)?.name ?? 'removed model'
  return run.samId === null ? name(run.taId) : `${name(run.samId)} + ${name(run.taId)}`
}

function RunRow({ run, job, models }: { readonly run: LabellingRun; readonly job: Job | undefined; readonly models: readonly Model[] }): ReactNode {
  const [, navigate] = useLocation()
  const now = useNow()
  const href = `/labelling/${run.id}`
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
      <td>{run.datasetName}</td>
      <td>
        <div>{runSummary(run)}</div>
        <div className={table.sub}>{modelNames(run, models)}</div>
      </td>
      <td><RunProgress run={run} job={job} /></td>
      <td className={table.number}>{run.meanConfidence === null ? <span className="faint">none yet</span> : formatShare(run.meanConfidence)}</td>
      <td><ReviewBar accepted={run.accepted} rejected={run.rejected} total={run.panoramas} /></td>
      <td className={table.shrink}>{formatWhen(run.createdAt, now)}</td>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}><RunMenu run={run} /></td>
    </tr>
  )
}

/** How far a run is, and for how long still. */
export function RunProgress({ run, job }: { readonly run: LabellingRun; readonly job: Job | undefined }): ReactNode {
  const text = `${run.done} of ${run.panoramas}`
  const failed = run.failed > 0 && <span className={styles.failed}>{run.failed} failed</span>
  if (job === undefined || job.state === 'done' || job.state === 'cancelled' || job.state === 'failed') {
    return <div className={styles.progressText}>{text}{job?.state === 'cancelled' && <span className="faint">cancelled</span>}{job?.state === 'failed' && <span className={styles.failed}>stopped</span>}{failed}</div>
  }
  return (
    <div className={styles.progress}>
      <Progress value={job.progress * 100} color={job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${run.name}`} />
      <div className={styles.progressText}>
        {text}
        <span className="faint">{job.state === 'running' ? formatEta(job.etaSeconds) : job.state === 'queued' ? 'waiting' : 'paused'}</span>
        {failed}
      </div>
    </div>
  )
}

/** Rename and remove; `onRemoved` where the page itself goes with it. */
export function RunMenu({ run, onRemoved }: { readonly run: LabellingRun; readonly onRemoved?: () => void }): ReactNode {
  const rename = useAction('runs.rename', { inline: true })
  const remove = useAction('runs.remove', { inline: true })
  return (
    <RecordMenu
      noun="run" name={run.name} rename={rename} renameTo={(name) => ({ run: run.id, name })}
      remove={remove} removeIt={{ run: run.id }} onRemoved={onRemoved}
    >
      Its pseudo-labels and the {run.accepted + run.rejected} reviews leave this workspace. What was exported stays.
    </RecordMenu>
  )
}
