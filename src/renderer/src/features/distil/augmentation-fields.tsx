import { Switch } from '@mantine/core'
import type { ReactNode } from 'react'
import type { DistillationConfig } from '../../../../contract/training-schemas.ts'
import styles from './distil-dialog.module.css'
import { shownNumber, storedNumber, type FieldErrors } from './distil-form.ts'
import { NumberField } from './number-field.tsx'

interface AugmentationFieldsProps {
  readonly value: DistillationConfig['augmentation']
  readonly errors: FieldErrors
  readonly onChange: (value: DistillationConfig['augmentation']) => void
}

const PERCENT = { percent: true } as const

/** How samples are varied, so that the student does not learn the pictures by heart. */
export function AugmentationFields({ value, errors, onChange }: AugmentationFieldsProps): ReactNode {
  const [least, most] = value.scale
  return (
    <div className={styles.lines} role="group" aria-label="Augmentation">
      <div className={styles.line}>
        <Switch label="Turn" checked={value.yaw} onChange={(event) => onChange({ ...value, yaw: event.currentTarget.checked })} />
        <div />
        <div className={styles.hint}>Roll about the vertical axis by any angle; labels roll along. Full panoramas only.</div>
      </div>
      <div className={styles.line}>
        <Switch label="Mirror" checked={value.flip} onChange={(event) => onChange({ ...value, flip: event.currentTarget.checked })} />
        <div />
        <div className={styles.hint}>Left becomes right, half of the time.</div>
      </div>
      <div className={styles.line}>
        <label className={styles.lineLabel} htmlFor="distil-jitter">Colours</label>
        <NumberField
          bare id="distil-jitter" label="Colour changes" step={5} suffix=" %" value={shownNumber(PERCENT, value.jitter)} error={errors.get('augmentation.jitter')}
          onChange={(shown) => onChange({ ...value, jitter: storedNumber(PERCENT, shown) })}
        />
        <div className={styles.hint}>Strength of changes of brightness, contrast, saturation and hue; 0 leaves colours alone.</div>
      </div>
      <div className={styles.line}>
        <span className={styles.lineLabel}>Zoom</span>
        <div className={styles.range}>
          <NumberField bare label="Least zoom" step={0.1} value={least} error={errors.get('augmentation.scale.0')} onChange={(shown) => onChange({ ...value, scale: [shown, most] })} />
          <NumberField bare label="Most zoom" step={0.1} value={most} error={errors.get('augmentation.scale.1')} onChange={(shown) => onChange({ ...value, scale: [least, shown] })} />
        </div>
        <div className={styles.hint}>From, to: enlarged by a random factor and cut to the training size.</div>
      </div>
    </div>
  )
}
