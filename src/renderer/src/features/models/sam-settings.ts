import type { SamSettings } from '../../../../core/goodsam/config.ts'

/** A mask filter in plain words. */
export interface SamField {
  readonly key: keyof SamSettings
  readonly label: string
  readonly explanation: string
  readonly min: number
  readonly max: number
  readonly step: number
  readonly integer: boolean
  /** shown and typed as a percentage of the stored fraction */
  readonly percent?: boolean
}

export const SAM_FIELDS: readonly SamField[] = [
  { key: 'pointsPerSide', label: 'Points per side', min: 1, max: 128, step: 1, integer: true, explanation: 'SAM is asked at a grid of this many points per side in every window. More points find smaller things and take longer, with the square.' },
  { key: 'predIou', label: 'Least predicted IoU', min: 0, max: 1, step: 0.01, integer: false, explanation: 'SAM’s own guess of how good a mask is. Higher keeps fewer and cleaner masks; if a run keeps almost none, lower this first.' },
  { key: 'stability', label: 'Least stability', min: 0, max: 1, step: 0.01, integer: false, explanation: 'How little a mask changes when its threshold moves. Higher drops masks with soft edges.' },
  { key: 'stabilityOffset', label: 'Stability offset', min: 0, max: 20, step: 0.1, integer: false, explanation: 'How far the threshold moves for that test, in logits, up and down.' },
  { key: 'boxNms', label: 'Most overlap', min: 0, max: 1, step: 0.05, integer: false, explanation: 'Of two masks whose boxes overlap more than this, only the better one stays.' },
  { key: 'minAreaFraction', label: 'Least area', min: 0, max: 100, step: 0.01, integer: false, percent: true, explanation: 'Smaller masks are dropped, smaller holes filled, smaller islands removed. Share of the window.' },
  { key: 'pointsPerBatch', label: 'Points per batch', min: 1, max: 1024, step: 1, integer: true, explanation: 'Points decoded at once where the model allows it. Changes speed and memory, not the result.' },
]

/** The stored value as it is shown, and back. */
export function shownValue(field: SamField, stored: number): number {
  return field.percent === true ? Number((stored * 100).toPrecision(6)) : stored
}

export function storedValue(field: SamField, shown: number): number {
  const clamped = Math.min(field.max, Math.max(field.min, shown))
  return field.percent === true ? Number((clamped / 100).toPrecision(6)) : clamped
}

/** What differs from the base: an override, or null when nothing does. */
export function samOverrides(base: SamSettings, settings: SamSettings): Partial<SamSettings> | null {
  const changed = SAM_FIELDS.filter(({ key }) => settings[key] !== base[key]).map(({ key }) => [key, settings[key]])
  return changed.length === 0 ? null : Object.fromEntries(changed)
}

