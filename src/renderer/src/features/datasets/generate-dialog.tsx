import { Button, Modal, NumberInput, SegmentedControl, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { generatedStreetsSchema, streetStyleSchema, type GeneratedStreets } from '../../../../contract/generated-schemas.ts'
import { useAction } from '../../app/calls.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { ActionFailure } from '../../components/states.tsx'
import styles from './import-dialog.module.css'

const STYLES: Readonly<Record<GeneratedStreets['style'], { readonly label: string; readonly what: string }>> = {
  target: { label: 'Target', what: 'The world that panoramas are taken in: what the built-in TA has not seen.' },
  source: { label: 'Source', what: 'The world that the built-in TA was trained in, seen by street cameras.' },
}

/** Draw a dataset of streets whose truth is known. */
export function GenerateDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [, navigate] = useLocation()
  const [name, setName] = useState('')
  const [panoramas, setPanoramas] = useState<number | null>(24)
  const [width, setWidth] = useState<number | null>(1024)
  const [seed, setSeed] = useState<number | null>(1)
  const [style, setStyle] = useState<GeneratedStreets['style']>('target')
  const start = useAction('datasets.generate', { inline: true })
  const streets = generatedStreetsSchema.safeParse({ seed, style, width, height: width === null ? null : Math.round(width / 2), vfovDeg: 180 }).data

  const submit = async (): Promise<void> => {
    if (streets === undefined || panoramas === null) return
    const started = await start.run({ ...streets, panoramas, name: name.trim() === '' ? null : name.trim() })
    if (started === null) return
    onClose()
    navigate(`/datasets/${started.datasetId}`)
  }

  return (
    <Modal opened onClose={onClose} title="Generate streets" size={520}>
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
        <TextInput label="Dataset name" placeholder="Generated streets" value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
        <div className={styles.pair}>
          <WholeNumber label="Panoramas" min={1} max={100_000} value={panoramas} onChange={setPanoramas} />
          <WholeNumber label="Seed" description="The same seed gives the same streets." min={0} max={2 ** 32 - 1} value={seed} onChange={setSeed} />
        </div>
        <WholeNumber label="Width" description="Full spheres: half as high as wide." suffix=" px" step={256} min={64} max={16_384} value={width} onChange={setWidth} />
        <div>
          <SegmentedControl
            aria-label="Style" fullWidth value={style} onChange={(value) => setStyle(streetStyleSchema.parse(value))}
            data={streetStyleSchema.options.toReversed().map((value) => ({ value, label: STYLES[value].label }))}
          />
          <div className={styles.hint}>{STYLES[style].what}</div>
        </div>
        <ActionFailure error={start.error} />
        <DialogActions note="Their exact truth is kept hidden: nothing learns from it, evaluations score against it.">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={streets === undefined || panoramas === null} loading={start.busy}>Generate</Button>
        </DialogActions>
      </form>
    </Modal>
  )
}

interface WholeNumberProps {
  readonly label: string
  readonly description?: string
  readonly suffix?: string
  readonly step?: number
  readonly min: number
  readonly max: number
  readonly value: number | null
  readonly onChange: (value: number | null) => void
}

function WholeNumber({ value, onChange, ...props }: WholeNumberProps): ReactNode {
  return <NumberInput {...props} allowDecimal={false} clampBehavior="blur" value={value ?? ''} onChange={(next) => onChange(typeof next === 'number' ? next : null)} />
}
