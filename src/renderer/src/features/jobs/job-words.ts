import type { Job } from '../../../../contract/schemas.ts'
import type { Tone } from '../../components/tag.tsx'
import { formatDuration, formatEta, formatRate } from '../../app/format.ts'

export const JOB_STATES: Readonly<Record<Job['state'], string>> = {
  queued: 'Waiting', running: 'Running', paused: 'Paused', done: 'Done', failed: 'Failed', cancelled: 'Cancelled',
}

export const JOB_TONES: Readonly<Record<Job['state'], Tone>> = {
  queued: 'plain', running: 'accent', paused: 'warn', done: 'good', failed: 'bad', cancelled: 'plain',
}

export interface JobControls {
  readonly canPause: boolean
  readonly canResume: boolean
  readonly canCancel: boolean
  readonly canRetry: boolean
}

/** What may be asked of a job in its present state; nothing more once a stop has been asked for. */
export function jobControls(job: Pick<Job, 'state' | 'stopping' | 'failed'>): JobControls {
  const free = job.stopping === null
  return {
    canPause: free && (job.state === 'running' || job.state === 'queued'),
    canResume: free && job.state === 'paused',
    canCancel: (free || job.stopping === 'pause') && (job.state === 'running' || job.state === 'queued' || job.state === 'paused'),
    canRetry: free && (job.state === 'failed' || job.state === 'cancelled' || (job.state === 'done' && job.failed > 0)),
  }
}

/** "Waiting", "Pausing after this panorama", ... */
export function jobStateText(job: Pick<Job, 'state' | 'stopping'>): string {
  if (job.stopping === 'pause') return 'Pausing'
  if (job.stopping === 'cancel') return 'Cancelling'
  return JOB_STATES[job.state]
}

/** What it means that some items of a job failed. */
export function failedText(job: Pick<Job, 'kind' | 'failed' | 'total'>): string {
  if (job.kind === 'import') return `${job.failed} of ${job.total} files were refused; the reasons are listed with the dataset.`
  const done = job.kind === 'evaluate' ? 'scored' : job.kind === 'generate' ? 'drawn' : 'labelled'
  return `${job.failed} of ${job.total} panoramas could not be ${done}; the rest went on. The log says why.`
}

/** The page of what a job works on; an export is listed with its student. */
export function jobPlace({ kind, subjectId }: Pick<Job, 'kind' | 'subjectId'>): { readonly href: string; readonly label: string } | null {
  if (subjectId === null) return null
  switch (kind) {
    case 'import':
    case 'generate': return { href: `/datasets/${subjectId}`, label: 'Open the dataset' }
    case 'label': return { href: `/labelling/${subjectId}`, label: 'Open the run' }
    case 'distil': return { href: `/distil/${subjectId}`, label: 'Open the distillation run' }
    case 'evaluate': return { href: `/evaluations/${subjectId}`, label: 'Open the evaluation' }
    case 'export-student': return { href: '/students', label: 'Open the students' }
  }
}

/** The line of numbers below a job's bar. */
export function jobNumbers(job: Job): string {
  const parts = [`${job.done} of ${job.total}`]
  if (job.failed > 0) parts.push(`${job.failed} failed`)
  if (job.state === 'running') {
    const rate = formatRate(job.itemsPerMinute)
    if (rate !== '') parts.push(rate)
    parts.push(formatEta(job.etaSeconds))
  }
  if (job.startedAt !== null && job.finishedAt !== null) {
    parts.push(`took ${formatDuration(Math.max(0, Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000)}`)
  }
  if (job.attempts > 1) parts.push(`started ${job.attempts} times`)
  return parts.join(' · ')
}
