import type { ReactNode } from 'react'
import type { DistillationConfig } from '../../../../contract/training-schemas.ts'
import styles from './distil-dialog.module.css'
import { shownNumber, storedNumber, type FieldErrors, type NumberFieldSpec } from './distil-form.ts'
import { NumberField } from './number-field.tsx'

interface SpecFieldsProps {
  readonly specs: readonly NumberFieldSpec[]
  readonly config: DistillationConfig
  readonly errors: FieldErrors
  readonly onChange: (patch: Partial<DistillationConfig>) => void
}

/** Numbers of the configuration, a line each with what it does. */
export function SpecFields({ specs, config, errors, onChange }: SpecFieldsProps): ReactNode {
  return (
    <div className={styles.lines}>
      {specs.map((spec) => (
        <div key={spec.key} className={styles.line}>
          <label className={styles.lineLabel} htmlFor={`distil-${spec.key}`}>{spec.label}</label>
          <NumberField
            bare id={`distil-${spec.key}`} label={spec.label} step={spec.step} integer={spec.integer} suffix={spec.percent === true ? ' %' : undefined}
            placeholder={spec.none} error={errors.get(spec.key)} value={shownNumber(spec, config[spec.key])}
            onChange={(shown) => onChange({ [spec.key]: storedNumber(spec, shown) })}
            onEmpty={spec.none === undefined ? undefined : () => onChange({ [spec.key]: null })}
          />
          <div className={styles.hint}>{spec.hint}</div>
        </div>
      ))}
    </div>
  )
}
