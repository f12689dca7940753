import { NumberInput } from '@mantine/core'
import type { ReactNode } from 'react'
import type { SamSettings } from '../../../../core/goodsam/config.ts'
import { SAM_FIELDS, shownValue, storedValue } from './sam-settings.ts'
import styles from './sam-settings-fields.module.css'

interface SamSettingsFieldsProps {
  readonly value: SamSettings
  /** values that differ from these are marked */
  readonly base: SamSettings
  readonly onChange: (value: SamSettings) => void
}

/** The mask filters, each with what it does. */
export function SamSettingsFields({ value, base, onChange }: SamSettingsFieldsProps): ReactNode {
  return (
    <div className={styles.fields}>
      {SAM_FIELDS.map((field) => (
        <div key={field.key} className={styles.row} data-changed={value[field.key] !== base[field.key]}>
          <label className={styles.label} htmlFor={`sam-${field.key}`}>{field.label}</label>
          <NumberInput
            id={`sam-${field.key}`} className={styles.input} min={field.min} max={field.max} step={field.step} allowDecimal={!field.integer}
            suffix={field.percent === true ? ' %' : undefined} clampBehavior="blur" value={shownValue(field, value[field.key])}
            onChange={(shown) => typeof shown === 'number' && onChange({ ...value, [field.key]: storedValue(field, shown) })}
          />
          <div className={styles.explanation}>{field.explanation}</div>
        </div>
      ))}
    </div>
  )
}
