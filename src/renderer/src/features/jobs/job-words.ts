import type { Job } from '../../../../contract/schemas.ts'
import type { Tone } from '../../components/tag.tsx'
import { formatDuration, formatEta, formatRate, plural } from '../../app/format.ts'
import { CATALOGUE_HREF } from '../models/model-words.ts'

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
  if (job.kind === 'download') return `${job.failed} of ${job.total} files could not be downloaded. The log says why.`
  const done = job.kind === 'evaluate' ? 'scored' : job.kind === 'generate' ? 'drawn' : 'labelled'
  return `${job.failed} of ${job.total} panoramas could not be ${done}; the rest went on. The log says why.`
}

/** The page of what a job works on; an export is listed with its student, a download with its entry of the catalogue. */
export function jobPlace({ kind, subjectId }: Pick<Job, 'kind' | 'subjectId'>): { readonly href: string; readonly label: string } | null {
  if (subjectId === null) return null
  switch (kind) {
    case 'import':
    case 'generate': return { href: `/datasets/${subjectId}`, label: 'Open the dataset' }
    case 'label': return { href: `/labelling/${subjectId}`, label: 'Open the run' }
    case 'distil': return { href: `/distil/${subjectId}`, label: 'Open the distillation run' }
    case 'evaluate': return { href: `/evaluations/${subjectId}`, label: 'Open the evaluation' }
    case 'export-student': return { href: '/students', label: 'Open the students' }
    case 'download': return { href: CATALOGUE_HREF, label: 'Open the catalogue' }
  }
}

/** What the buttons of a job's control do, by what it works on. */
export function controlWords({ kind }: Pick<Job, 'kind'>): { readonly pause: string; readonly cancel: string; readonly retry: string } {
  if (kind === 'download') return { pause: 'Pause; what has come is kept', cancel: 'Cancel; a file that is not whole is dropped', retry: 'Go on where it stopped' }
  return { pause: 'Pause after the present item', cancel: 'Cancel; what is finished stays', retry: 'Run the failed items again' }
}

/** The line of numbers below a job's bar. */
export function jobNumbers(job: Job): string {
  const download = job.kind === 'download'
  // a download knows its files when the hub has told them
  const parts = download ? (job.total === 0 ? [] : [`${job.done} of ${plural(job.total, 'file')}`]) : [`${job.done} of ${job.total}`]
  if (job.failed > 0) parts.push(`${job.failed} failed`)
  if (job.state === 'running') {
    const rate = download ? '' : formatRate(job.itemsPerMinute)
    if (rate !== '') parts.push(rate)
    parts.push(formatEta(job.etaSeconds))
  }
  if (job.startedAt !== null && job.finishedAt !== null) {
    parts.push(`took ${formatDuration(Math.max(0, Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000)}`)
  }
  if (job.attempts > 1) parts.push(`started ${job.attempts} times`)
  return parts.join(' · ')
}
