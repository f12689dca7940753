import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { DistillationRun } from '../../../../contract/training-schemas.ts'
import { formatCount, plural } from '../../app/format.ts'
import { Notice } from '../../components/states.tsx'
import styles from './distillation-page.module.css'
import { queuedSentence, type RunState } from './distil-words.ts'

interface RunNoticesProps {
  readonly run: DistillationRun
  readonly state: RunState
  /** updates done */
  readonly step: number
  readonly actions: { readonly resume: (() => void) | null; readonly retry: (() => void) | null }
}

/** What a person should know or do now; nothing while all goes well. */
export function RunNotices({ run, state, step, actions }: RunNoticesProps): ReactNode {
  const halved = run.accumulate > run.config.accumulate
  const notices = [
    run.parentId !== null && (
      <Notice key="parent" tone="plain">This stage refines the teacher assistant, before <Link href={`/distil/${run.parentId}`} className={styles.link}>the distillation that asked for it</Link>.</Notice>
    ),
    <StateNotice key="state" run={run} state={state} step={step} actions={actions} />,
    halved && (
      <Notice key="batch" tone="warn" title="Memory was short">
        It goes on with a batch of {run.batch} instead of {run.config.batch}, and adds up {run.accumulate} of them: each step still sees {plural(run.batch * run.accumulate, 'image')}.
      </Notice>
    ),
    ...run.warnings.map((warning) => <Notice key={warning} tone="warn">{warning}</Notice>),
  ]
  return <div className={styles.notices}>{notices}</div>
}

function StateNotice({ run, state, step, actions }: RunNoticesProps): ReactNode {
  const { resume, retry } = actions
  const goOn = (label: string): ReactNode => retry !== null && <div className={styles.noticeAction}><Button variant="default" onClick={retry}>{label}</Button></div>
  switch (state.kind) {
    case 'unknown':
    case 'running': return null
    case 'queued': return <Notice tone="plain" title="Waiting">{queuedSentence(state)} <Link href="/jobs" className={styles.link}>Show jobs</Link></Notice>
    case 'preparing': return <Notice tone="plain" title="Preparing">{state.message === '' ? 'Images and targets are made at the training size, once.' : state.message}</Notice>
    case 'stopping': return <Notice tone="plain">{state.to === 'pause' ? 'Pausing: a checkpoint is written.' : 'Cancelling.'}</Notice>
    case 'paused': return (
      <Notice tone="warn" title={`Paused at step ${formatCount(step)}`}>
        It goes on from here, with the same samples in the same order, also after a restart of the program.
        {resume !== null && <div className={styles.noticeAction}><Button variant="default" onClick={resume}>Resume</Button></div>}
      </Notice>
    )
    case 'failed': return (
      <Notice tone="bad" title={`It stopped at step ${formatCount(step)}`}>
        {state.error}
        {goOn(run.studentId === null ? 'Try again' : 'Go on from the last checkpoint')}
      </Notice>
    )
    case 'cancelled': return (
      <Notice tone="plain" title={`Cancelled at step ${formatCount(step)}`}>
        {run.studentId === null ? 'There was no checkpoint yet, so no student came of it.' : 'The student keeps the best checkpoint until then.'}
        {goOn('Go on all the same')}
      </Notice>
    )
    case 'done': return <Notice tone="good" title={`All ${formatCount(run.config.steps)} steps are done`}>{run.task === 'refine-ta' ? 'The refined teacher assistant is among the models.' : 'The student has the best weights. Evaluate it, compare it, or export it.'}</Notice>
    case 'early': return (
      <Notice tone="good" title={`Ended early at step ${formatCount(step)}`}>
        {run.config.patience === null ? 'The score no longer rose.' : `The last ${plural(run.config.patience, 'score')} brought no better one.`} The student has the best weights.
      </Notice>
    )
  }
}
