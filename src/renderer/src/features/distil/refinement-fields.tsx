import { Switch } from '@mantine/core'
import type { ReactNode } from 'react'
import type { AskedConfig, DistillationConfig, Estimate } from '../../../../contract/training-schemas.ts'
import { TA_REFINEMENT } from '../../../../core/goodsam/distillation-config.ts'
import { formatDuration } from '../../app/format.ts'
import styles from './distil-dialog.module.css'
import type { FieldErrors } from './distil-form.ts'
import { formatPace } from './distil-words.ts'
import { NumberField } from './number-field.tsx'

interface RefinementFieldsProps {
  readonly value: DistillationConfig['taRefinement']
  readonly errors: FieldErrors
  /** what it will take; null: not known yet */
  readonly cost: Estimate['refinement']
  readonly onChange: (value: NonNullable<AskedConfig['taRefinement']> | null) => void
}

/** What the stage begins with when it is switched on: as many steps as this machine does in about twenty minutes. */
const FIRST: NonNullable<AskedConfig['taRefinement']> = { ...TA_REFINEMENT, steps: null }

/** The optional stage before the distillation that adapts the teacher assistant itself. */
export function RefinementFields({ value, errors, cost, onChange }: RefinementFieldsProps): ReactNode {
  return (
    <div className={styles.lines}>
      <div className={styles.line}>
        <Switch label="Refine the TA first" checked={value !== null} onChange={(event) => onChange(event.currentTarget.checked ? FIRST : null)} />
        <div />
        <div className={styles.hint}>Trains the teacher assistant on its own ensemble labels and on agreement between windows, then distils. Its network must be trainable.</div>
      </div>
      {value !== null && (
        <>
          <div className={styles.line}>
            <label className={styles.lineLabel} htmlFor="distil-ta-steps">Its steps</label>
            <NumberField bare id="distil-ta-steps" label="Steps of the TA’s refinement" step={100} integer value={value.steps} error={errors.get('taRefinement.steps')} onChange={(steps) => onChange({ ...value, steps })} />
            <div className={styles.hint}>Updates of the teacher assistant{cost === null ? '.' : `: ${formatPace(1 / cost.secondsPerStep)}, about ${formatDuration(cost.seconds)} in all.`}</div>
          </div>
          <div className={styles.line}>
            <label className={styles.lineLabel} htmlFor="distil-ta-rate">Its learning rate</label>
            <NumberField bare id="distil-ta-rate" label="Learning rate of the TA’s refinement" step={0} value={value.learningRate} error={errors.get('taRefinement.learningRate')} onChange={(learningRate) => onChange({ ...value, learningRate })} />
            <div className={styles.hint}>Small: it is trained already.</div>
          </div>
        </>
      )}
    </div>
  )
}
