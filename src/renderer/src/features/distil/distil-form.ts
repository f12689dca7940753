import type { z } from 'zod'
import type { Input } from '../../../../contract/procedures.ts'
import type { ProviderSetting } from '../../../../contract/schemas.ts'
import { askedConfigSchema, type AskedConfig, type DistillationConfig, type StudentSize } from '../../../../contract/training-schemas.ts'

export type DistillationRequest = Input<'distillations.start'>

/** The form as a person has filled it in; what was not touched is left to the host. */
export interface Draft {
  readonly run: string | null
  readonly student: StudentSize | 'onnx'
  /** file of an ONNX student, on the host's machine */
  readonly onnx: string | null
  readonly init: 'random' | 'builtin' | 'file' | 'student'
  readonly file: string | null
  readonly from: string | null
  /** what a person set; the rest follows from the host's defaults */
  readonly config: AskedConfig
  readonly name: string
  readonly provider: ProviderSetting | null
}

export function emptyDraft(run: string | null, student: string | null): Draft {
  return {
    run, student: 'mini', onnx: null, init: student === null ? 'random' : 'student', file: null, from: student, config: {}, name: '', provider: null,
  }
}

export type Reading =
  | { readonly kind: 'request'; readonly request: DistillationRequest }
  /** what is still to be chosen, in a sentence */
  | { readonly kind: 'missing'; readonly what: string }

/** The request that the form comes to. */
export function readDraft(draft: Draft): Reading {
  const { run, student, onnx, init, file, from, config, name, provider } = draft
  if (run === null) return missing('Choose the labelling run whose pseudo-labels are distilled.')
  if (student === 'onnx' && onnx === null) return missing('Choose the ONNX file that is the student.')
  if (init === 'builtin' && student !== 'mini') return missing('The built-in weights are those of a Mini: choose that student, or begin with others.')
  if (init === 'file' && file === null) return missing('Choose the safetensors file to begin with.')
  if (init === 'student' && from === null) return missing('Choose the student to begin with.')
  return {
    kind: 'request',
    request: {
      run, config, provider,
      student: student === 'onnx' ? { onnx: onnx ?? '' } : student,
      init: init === 'file' ? { file: file ?? '' } : init === 'student' ? { student: from ?? '' } : init,
      name: name.trim() === '' ? null : name.trim(),
    },
  }
}

function missing(what: string): Reading {
  return { kind: 'missing', what }
}

/** Where in the configuration a value stands: "height", "losses.image.weight", "augmentation.scale.0". */
export type FieldPath = string
export type FieldErrors = ReadonlyMap<FieldPath, string>

/** What is wrong with which value, as the contract has it, in words. */
export function fieldErrors(config: AskedConfig): FieldErrors {
  const errors = new Map<FieldPath, string>()
  const read = askedConfigSchema.safeParse(config)
  for (const issue of read.error?.issues ?? []) {
    const path = issue.path.join('.')
    if (!errors.has(path)) errors.set(path, issueWords(issue, valueAt(config, issue.path)))
  }
  const scale = config.augmentation?.scale
  if (scale !== undefined && scale[0] > scale[1] && !errors.has('augmentation.scale.0')) errors.set('augmentation.scale.0', 'Not above the largest')
  return errors
}

function issueWords(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'too_small': return issue.inclusive === false ? `Above ${issue.minimum}` : `At least ${issue.minimum}`
    case 'too_big': return `At most ${issue.maximum}`
    case 'not_multiple_of': {
      const below = typeof value === 'number' ? Math.max(issue.divisor, Math.floor(value / issue.divisor) * issue.divisor) : issue.divisor
      return `A multiple of ${issue.divisor}: ${below} or ${below + issue.divisor}`
    }
    case 'invalid_type': return value === undefined || Number.isNaN(value) ? 'A number is missing' : 'A whole number'
    default: return 'This value is not possible'
  }
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined), config)
}

/** How a number field shows and takes a value of the configuration. */
export interface NumberFieldSpec {
  readonly key: {
    [K in keyof DistillationConfig]: NonNullable<DistillationConfig[K]> extends number ? K : never
  }[keyof DistillationConfig]
  readonly label: string
  readonly hint: string
  readonly step: number
  readonly integer: boolean
  /** shown times 100 */
  readonly percent?: boolean
  /** null is a choice: what the empty field says */
  readonly none?: string
}

/** The folded part of the form, in its order. */
export const SCHEDULE_FIELDS: readonly NumberFieldSpec[] = [
  { key: 'warmupSteps', label: 'Warm-up', hint: 'Steps in which the learning rate rises to its full value.', step: 50, integer: true },
  { key: 'accumulate', label: 'Accumulate', hint: 'Batches whose gradients are added up before a step: a larger batch in the same memory.', step: 1, integer: true },
  { key: 'weightDecay', label: 'Weight decay', hint: 'Pulls weights towards zero (AdamW).', step: 0.0001, integer: false },
  { key: 'clipNorm', label: 'Clip gradients', hint: 'Largest norm of a step’s gradient.', step: 0.5, integer: false, none: 'not clipped' },
  { key: 'emaDecay', label: 'Average weights', hint: 'Keep a moving average of the weights with this decay, such as 0.999; the average is the student.', step: 0.001, integer: false, none: 'not averaged' },
  { key: 'windowsPerSample', label: 'Windows per sample', hint: 'Windows whose labels count in a sample, drawn anew each time.', step: 1, integer: true, none: 'all of them' },
  { key: 'acceptedWeight', label: 'Accepted count', hint: 'How much more pixels of panoramas count that you accepted; rejected ones are left out.', step: 0.5, integer: false },
  { key: 'seed', label: 'Seed', hint: 'The same seed on one CPU thread gives the same student, bit for bit.', step: 1, integer: true },
]

export const KEEPING_FIELDS: readonly NumberFieldSpec[] = [
  { key: 'validateEvery', label: 'Score every', hint: 'Steps between two scores of the held-out panoramas.', step: 50, integer: true },
  { key: 'patience', label: 'Stop early after', hint: 'Scores without a better one, then it ends.', step: 1, integer: true, none: 'never' },
  { key: 'checkpointEvery', label: 'Checkpoint every', hint: 'Steps between two checkpoints: what a crash may cost.', step: 50, integer: true },
  { key: 'keepCheckpoints', label: 'Keep', hint: 'Checkpoints kept beside the best and the last.', step: 1, integer: true },
  { key: 'sampleEvery', label: 'Samples every', hint: 'Steps between two sets of sample pictures.', step: 50, integer: true },
]

/** What a field of a percentage shows, without the noise of multiplying by 100. */
export function shownNumber(spec: Pick<NumberFieldSpec, 'percent'>, value: number | null): number | '' {
  if (value === null) return ''
  return spec.percent === true ? Math.round(value * 1e8) / 1e6 : value
}

export function storedNumber(spec: Pick<NumberFieldSpec, 'percent'>, shown: number): number {
  return spec.percent === true ? Math.round(shown * 1e6) / 1e8 : shown
}
