import { ActionIcon, Progress } from '@mantine/core'
import { IconActivity, IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Job } from '../../../../contract/schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import type { ShortcutId } from '../../app/keymap.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { JobLog } from './job-log.tsx'
import { JOB_TONES, controlWords, failedText, jobControls, jobNumbers, jobPlace, jobStateText } from './job-words.ts'
import styles from './jobs-page.module.css'

/** Everything that runs, waits or ran, and the log of one of them. */
export function JobsPage({ id }: { readonly id: string | null }): ReactNode {
  const [, navigate] = useLocation()
  const jobs = useCall('jobs.list', {})
  const list = jobs.data ?? []
  const at = Math.max(0, list.findIndex((job) => job.id === id))
  const chosen = list.at(at)
  const actions = useJobActions(chosen)

  useShortcutScope('jobs')
  useShortcut('nextJob', at + 1 < list.length ? () => navigate(`/jobs/${list[at + 1].id}`) : null)
  useShortcut('previousJob', at > 0 ? () => navigate(`/jobs/${list[at - 1].id}`) : null)
  useShortcut('pauseJob', actions.pause ?? actions.resume)
  useShortcut('cancelJob', actions.cancel)
  useShortcut('retryJob', actions.retry)

  return (
    <Page title="Jobs" padded={list.length === 0}>
      {jobs.isPending && <SkeletonRows rows={4} height={58} />}
      {jobs.isError && <Failed error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {jobs.isSuccess && list.length === 0 && (
        <Empty icon={<IconActivity size={22} stroke={1.5} />} title="No jobs yet">
          Imports, downloads, labelling and distillation runs, evaluations and exports appear here. They can be paused, survive a restart of the program, and keep a log.
        </Empty>
      )}
      {chosen !== undefined && (
        <>
          <div className={styles.list} role="list" aria-label="Jobs">
            {list.map((job) => <JobItem key={job.id} job={job} current={job.id === chosen.id} />)}
          </div>
          <section className={styles.detail} aria-label={`Job: ${chosen.title}`}>
            <JobHead job={chosen} actions={actions} />
            <JobLog key={chosen.id} job={chosen} />
          </section>
        </>
      )}
    </Page>
  )
}

interface JobActions {
  readonly pause: (() => void) | null
  readonly resume: (() => void) | null
  readonly cancel: (() => void) | null
  readonly retry: (() => void) | null
}

/** What can be asked of the job now; null: not in this state. */
export function useJobActions(job: Job | undefined): JobActions {
  const pause = useAction('jobs.pause')
  const resume = useAction('jobs.resume')
  const cancel = useAction('jobs.cancel')
  const retry = useAction('jobs.retry')
  if (job === undefined) return { pause: null, resume: null, cancel: null, retry: null }
  const can = jobControls(job)
  const input = { jobId: job.id }
  return {
    pause: can.canPause ? () => void pause.run(input) : null,
    resume: can.canResume ? () => void resume.run(input) : null,
    cancel: can.canCancel ? () => void cancel.run(input) : null,
    retry: can.canRetry ? () => void retry.run(input) : null,
  }
}

function JobItem({ job, current }: { readonly job: Job; readonly current: boolean }): ReactNode {
  const now = useNow()
  const active = job.state === 'running' || job.state === 'queued' || job.state === 'paused'
  return (
    <div role="listitem">
      <Link href={`/jobs/${job.id}`} className={styles.item} aria-current={current ? 'true' : undefined}>
        <span className={styles.top}>
          <span className={styles.title}>{job.title}</span>
          <Tag tone={JOB_TONES[job.state]}>{jobStateText(job)}</Tag>
        </span>
        {active && <Progress value={job.progress * 100} color={job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${job.title}`} />}
        <span className={styles.sub}>{active ? jobNumbers(job) : `${jobNumbers(job)} · ${formatWhen(job.finishedAt ?? job.createdAt, now)}`}</span>
      </Link>
    </div>
  )
}

function JobHead({ job, actions }: { readonly job: Job; readonly actions: JobActions }): ReactNode {
  const place = jobPlace(job)
  return (
    <header className={styles.head}>
      <div className={styles.headRow}>
        <h2 className={styles.name}>{job.title}</h2>
        <Tag tone={JOB_TONES[job.state]}>{jobStateText(job)}</Tag>
        <div className={styles.space} />
        {place !== null && <Link className={styles.link} href={place.href}>{place.label}</Link>}
        <JobButtons job={job} actions={actions} />
      </div>
      <Progress value={job.progress * 100} color={job.state === 'failed' ? 'red' : job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${job.title}`} />
      <div className={styles.numbers}>{jobNumbers(job)}</div>
      {job.message !== '' && job.state === 'running' && <div className={styles.message}>{job.message}</div>}
      {job.error !== null && <Notice tone="bad" title="It stopped">{job.error}</Notice>}
      {job.error === null && job.failed > 0 && (
        <Notice tone="warn">{failedText(job)} Retry runs only these again.</Notice>
      )}
    </header>
  )
}

const KEYS = { pause: 'pauseJob', cancel: 'cancelJob', retry: 'retryJob' } as const

interface JobButtonsProps {
  readonly job: Job
  readonly actions: JobActions
  /** the shortcuts that the page has for them; null: none */
  readonly keys?: Readonly<Record<keyof typeof KEYS, ShortcutId>> | null
}

/** Pause or resume, cancel, retry: what the job's state allows. */
export function JobButtons({ job, actions, keys = KEYS }: JobButtonsProps): ReactNode {
  const { pause, resume, cancel, retry } = actions
  const words = controlWords(job)
  return (
    <div className={styles.buttons} role="group" aria-label={`Control ${job.title}`}>
      {pause !== null && <Tip label={words.pause} shortcut={keys?.pause}><ActionIcon aria-label="Pause" onClick={pause}><IconPlayerPause size={16} /></ActionIcon></Tip>}
      {resume !== null && <Tip label="Resume" shortcut={keys?.pause}><ActionIcon aria-label="Resume" onClick={resume}><IconPlayerPlay size={16} /></ActionIcon></Tip>}
      {retry !== null && <Tip label={words.retry} shortcut={keys?.retry}><ActionIcon aria-label="Retry" onClick={retry}><IconRefresh size={16} /></ActionIcon></Tip>}
      {cancel !== null && <Tip label={words.cancel} shortcut={keys?.cancel}><ActionIcon aria-label="Cancel job" onClick={cancel}><IconX size={16} /></ActionIcon></Tip>}
    </div>
  )
}
