import { NumberInput } from '@mantine/core'
import type { ReactNode } from 'react'

interface NumberFieldProps {
  readonly label: string
  readonly value: number | ''
  readonly onChange: (value: number) => void
  /** the field was emptied, where that means something */
  readonly onEmpty?: (() => void) | undefined
  readonly step: number
  readonly integer?: boolean
  readonly suffix?: string | undefined
  readonly placeholder?: string | undefined
  readonly error?: string | undefined
  /** the label is elsewhere: it is only read aloud */
  readonly bare?: boolean
  readonly disabled?: boolean
  readonly id?: string
}

/** A number of the configuration; what is wrong with it is said below it. Emptied by mistake, it is missing (NaN). */
export function NumberField(props: NumberFieldProps): ReactNode {
  const { label, value, onChange, onEmpty, step, integer = false, error, bare = false } = props
  return (
    <NumberInput
      id={props.id} label={bare ? undefined : label} aria-label={label} value={Number.isNaN(value) ? '' : value} step={step} allowDecimal={!integer} allowNegative={false}
      decimalScale={12} suffix={props.suffix} placeholder={props.placeholder} error={error} disabled={props.disabled} hideControls={step === 0}
      onChange={(shown) => {
        if (typeof shown === 'number') onChange(shown)
        else if (shown === '') (onEmpty ?? (() => onChange(Number.NaN)))()
        else if (Number.isFinite(Number(shown))) onChange(Number(shown))
      }}
    />
  )
}
