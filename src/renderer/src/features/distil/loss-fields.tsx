import { Switch } from '@mantine/core'
import type { ReactNode } from 'react'
import type { DistillationConfig } from '../../../../contract/training-schemas.ts'
import styles from './distil-dialog.module.css'
import type { FieldErrors } from './distil-form.ts'
import { LOSS_LEVELS } from './distil-words.ts'
import { NumberField } from './number-field.tsx'

interface LossFieldsProps {
  readonly losses: DistillationConfig['losses']
  /** made without SAM: what needs masks is out of reach */
  readonly withoutMasks: boolean
  readonly errors: FieldErrors
  readonly onChange: (losses: DistillationConfig['losses']) => void
}

/** The levels of the adaptation: a switch and a weight each. */
export function LossFields({ losses, withoutMasks, errors, onChange }: LossFieldsProps): ReactNode {
  return (
    <div className={styles.lines} role="group" aria-label="What the student follows">
      {LOSS_LEVELS.map(({ level, label, sentence }) => {
        const { on, weight } = losses[level]
        const unreachable = withoutMasks && (level === 'confident' || level === 'boundary')
        return (
          <div key={level} className={styles.line} data-off={!on}>
            <Switch
              label={label} checked={on} disabled={unreachable}
              onChange={(event) => onChange({ ...losses, [level]: { on: event.currentTarget.checked, weight } })}
            />
            <NumberField
              bare label={`Weight of ${label}`} step={0.1} value={weight} disabled={!on} error={errors.get(`losses.${level}.weight`)}
              onChange={(value) => onChange({ ...losses, [level]: { on, weight: value } })}
            />
            <div className={styles.hint}>{unreachable ? 'Needs SAM’s masks; this run was labelled by the teacher assistant alone.' : sentence}</div>
          </div>
        )
      })}
    </div>
  )
}
