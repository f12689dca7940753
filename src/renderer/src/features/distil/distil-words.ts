import type { Job } from '../../../../contract/schemas.ts'
import type { DistillationConfig, DistillationRun, InitialWeights, StudentArchitecture, StudentSize } from '../../../../contract/training-schemas.ts'
import { formatCount, formatShare, plural } from '../../app/format.ts'

/** What the window says about distillation, in one place. */

export const STUDENT_NAMES: Readonly<Record<StudentSize, string>> = { mini: 'Mini', tiny: 'Tiny', small: 'Small' }

export const STUDENT_SENTENCES: Readonly<Record<StudentSize, string>> = {
  mini: 'SegFormer with MiT-B0, 3.7 million parameters: the fastest, for small machines and robots.',
  tiny: 'SegFormer with MiT-B1, 13.7 million parameters: between speed and score.',
  small: 'SegFormer with MiT-B2, 27.4 million parameters: the best score, about six times the work of Mini.',
}

export type LossLevel = keyof DistillationConfig['losses']

/** The levels of the adaptation, and what each teaches. */
export const LOSS_LEVELS: readonly { readonly level: LossLevel; readonly label: string; readonly sentence: string }[] = [
  { level: 'image', label: 'Whole image', sentence: 'Follow the teacher assistant’s stitched map of the whole panorama: every pixel has a class, across the seam.' },
  { level: 'window', label: 'Windows', sentence: 'Follow the ensemble label of each window: SAM’s masks with the teacher assistant’s classes.' },
  { level: 'confident', label: 'Confident masks', sentence: 'Follow the ensemble label once more, but for masks below theta, so that what is sure counts more.' },
  { level: 'boundary', label: 'Boundaries', sentence: 'Put the borders between classes where SAM saw edges.' },
]

export const TERM_NAMES: Readonly<Record<string, string>> = {
  loss: 'Sum', image: 'Whole image', window: 'Windows', confident: 'Confident masks', boundary: 'Boundaries', consistency: 'Consistency',
}

export const TERM_COLORS: Readonly<Record<string, string>> = {
  loss: 'var(--gs-text)', image: 'var(--gs-accent)', window: 'var(--gs-good)', confident: 'var(--gs-warn)', boundary: 'var(--gs-violet)', consistency: 'var(--gs-bad)',
}

export const SCHEDULES: Readonly<Record<DistillationConfig['schedule'], string>> = {
  polynomial: 'Polynomial: falls almost in a line to zero', cosine: 'Cosine: falls slowly, quickly, slowly', constant: 'Constant after the warm-up',
}

export function architectureName(architecture: StudentArchitecture): string {
  return architecture.kind === 'segformer' ? STUDENT_NAMES[architecture.size] : architecture.name
}

export function initText(init: InitialWeights): string {
  switch (init.kind) {
    case 'random': return 'random weights'
    case 'network': return 'the weights in its file'
    case 'file': return `weights of ${init.name}`
    case 'student': return `weights of the student ${init.name}`
  }
}

/** "Mini, 512 x 1024, batch 2"; a batch that was made smaller for want of memory says so. */
export function runSummary(run: Pick<DistillationRun, 'architecture' | 'config' | 'batch' | 'accumulate'>): string {
  const { height, width } = run.config
  const batch = run.accumulate > 1 ? `batch ${run.batch} x ${run.accumulate}` : `batch ${run.batch}`
  return `${architectureName(run.architecture)}, ${height} x ${width}, ${batch}`
}

/** "63.1 % mIoU"; null: "none yet". */
export function scoreText(score: number | null, kind: DistillationRun['scoreKind']): string {
  if (score === null) return 'none yet'
  return `${formatShare(score)} ${kind === 'miou' ? 'mIoU' : 'agreement'}`
}

export function scoreSentence(run: Pick<DistillationRun, 'scoreKind' | 'heldOut'>): string {
  if (run.scoreKind === null || run.heldOut === 0) return 'No panorama is held out, so nothing scores the student while it learns.'
  const on = `on ${plural(run.heldOut, 'panorama')} it does not learn from`
  return run.scoreKind === 'miou' ? `mIoU against the truth, ${on}.` : `Share of pixels that agree with the pseudo-labels, ${on}.`
}

/** Three figures, whatever the magnitude: 1.23, 0.0123, 6.0e-5. */
export function formatNumber(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 0.001) return value.toExponential(1)
  if (size >= 1000) return formatCount(value)
  return value.toPrecision(3)
}

/** Steps a second, or seconds a step where that is the larger number. */
export function formatPace(stepsPerSecond: number): string {
  return stepsPerSecond >= 1 ? `${stepsPerSecond.toFixed(1)} steps / s` : `${(1 / stepsPerSecond).toFixed(1)} s / step`
}

export type RunState =
  | { readonly kind: 'unknown' }
  /** `behind`: the job it waits for; `ahead`: how many more stand before it */
  | { readonly kind: 'queued'; readonly behind: string | null; readonly ahead: number }
  | { readonly kind: 'preparing'; readonly message: string }
  | { readonly kind: 'running'; readonly message: string }
  | { readonly kind: 'stopping'; readonly to: 'pause' | 'cancel' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'done' }
  /** no better score for as long as was asked for */
  | { readonly kind: 'early' }

/** What a distillation run is doing, from its record, its job and the others. */
export function runState(
  run: Pick<DistillationRun, 'step' | 'config' | 'actualProvider' | 'task'>, job: Job | undefined, jobs: readonly Job[],
): RunState {
  if (job === undefined) return { kind: 'unknown' }
  // the first stage of a job that goes on without it
  if (run.task === 'refine-ta' && run.step >= run.config.steps) return { kind: 'done' }
  if (job.stopping !== null) return { kind: 'stopping', to: job.stopping }
  switch (job.state) {
    case 'queued': {
      const before = jobs.filter((one) => one.id !== job.id && (one.state === 'running' || (one.state === 'queued' && one.createdAt < job.createdAt)))
      const behind = before.find(({ state }) => state === 'running') ?? before.at(-1)
      return { kind: 'queued', behind: behind?.title ?? null, ahead: Math.max(0, before.length - 1) }
    }
    case 'running': return run.actualProvider === null || run.step === 0 ? { kind: 'preparing', message: job.message } : { kind: 'running', message: job.message }
    case 'paused': return { kind: 'paused' }
    case 'failed': return { kind: 'failed', error: job.error ?? 'The log says why.' }
    case 'cancelled': return { kind: 'cancelled' }
    case 'done': return run.step < run.config.steps ? { kind: 'early' } : { kind: 'done' }
  }
}

/** One or two words for lists. */
export const STATE_WORDS: Readonly<Record<RunState['kind'], string>> = {
  unknown: '', queued: 'Waiting', preparing: 'Preparing', running: 'Running', stopping: 'Stopping', paused: 'Paused', failed: 'Stopped',
  cancelled: 'Cancelled', done: 'Done', early: 'Ended early',
}

/** "Waits behind Label berlin, and 2 more." */
export function queuedSentence({ behind, ahead }: Extract<RunState, { kind: 'queued' }>): string {
  if (behind === null) return 'It begins in a moment.'
  return ahead === 0 ? `It waits behind "${behind}" and begins when that has ended.` : `It waits behind "${behind}" and ${plural(ahead, 'more job')}.`
}
