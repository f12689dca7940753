import type { DistillationConfig, InitialWeights, Student, StudentArchitecture, StudentExport } from '../../../../contract/training-schemas.ts'
import { formatShare } from '../../app/format.ts'

const SIZES = { mini: 'Mini', tiny: 'Tiny', small: 'Small' } as const

/** "Mini", or the name of the ONNX file. */
export function architectureName(architecture: StudentArchitecture): string {
  return architecture.kind === 'segformer' ? SIZES[architecture.size] : architecture.name
}

/** "random weights", "weights of mit-b0.safetensors", ... */
export function initText(init: InitialWeights): string {
  switch (init.kind) {
    case 'random': return 'random weights'
    case 'file': return init.name
    case 'student': return `student ${init.name}`
    case 'network': return "the file's own weights"
  }
}

/** 3715891 -> "3.72 M" */
export function formatParameters(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(count >= 1e8 ? 0 : count >= 1e7 ? 1 : 2)} M`
  return count >= 1e4 ? `${(count / 1e3).toFixed(0)} k` : String(count)
}

/** "84.2 % agreement": the score of the held-out panoramas while it was trained. */
export function heldOutText({ score, scoreKind }: Pick<Student, 'score' | 'scoreKind'>): string {
  if (score === null || scoreKind === null) return 'not scored'
  return `${formatShare(score)} ${scoreKind === 'miou' ? 'mIoU' : 'agreement'}`
}

type Parity = NonNullable<StudentExport['files'][number]['parity']>

/** Why a file of an export is red; null: it agrees with the checkpoint. */
export function parityProblem(file: string, { agreement, least, ok }: Parity): string | null {
  if (ok) return null
  return `${file} gives the checkpoint's class on ${formatShare(agreement, 2)} of the pixels; at least ${formatShare(least, 2)} are expected. Prefer another file of this export.`
}

/** Name of the zip that a browser saves: what every file system takes. */
export function zipName(studentName: string): string {
  const stem = studentName.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|[-.]+$/g, '')
  return `${stem === '' ? 'student' : stem}.zip`
}

/** "whole panorama, window × 0.5": the levels that counted. */
export function lossesText({ losses }: Pick<DistillationConfig, 'losses'>): string {
  const on = LOSSES.filter(([key]) => losses[key].on).map(([key, name]) => (losses[key].weight === 1 ? name : `${name} × ${losses[key].weight}`))
  return on.length === 0 ? 'none' : on.join(', ')
}

const LOSSES = [['image', 'whole panorama'], ['window', 'windows'], ['confident', 'confident windows'], ['boundary', 'boundary']] as const

/** "roll, flip, colour 0.4, zoom 0.75 to 1.5" */
export function augmentationText({ augmentation: { yaw, flip, jitter, scale: [least, most] } }: Pick<DistillationConfig, 'augmentation'>): string {
  const parts = [yaw && 'roll', flip && 'flip', jitter > 0 && `colour ${jitter}`, (least !== 1 || most !== 1) && `zoom ${least} to ${most}`].filter((part) => part !== false)
  return parts.length === 0 ? 'none' : parts.join(', ')
}
