import { Modal, Slider, UnstyledButton } from '@mantine/core'
import { memo, useState, type ReactNode } from 'react'
import type { DistillationRun, TrainingSample } from '../../../../contract/training-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { formatCount, formatShare } from '../../app/format.ts'
import { useShortcut } from '../../app/shortcuts.tsx'
import { useStudio } from '../../app/studio.ts'
import { ShortcutHint } from '../../components/keys.tsx'
import { Section } from '../../components/page.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import styles from './sample-panel.module.css'

const PICTURES = [
  { key: 'image', title: 'Image' },
  { key: 'pseudoLabel', title: 'Pseudo-label' },
  { key: 'student', title: 'Student' },
  { key: 'difference', title: 'Difference' },
] as const
type Picture = (typeof PICTURES)[number]['key']

/** The same panoramas again and again: what the student makes of them, step by step. Not drawn with every step. */
export const SamplePanel = memo(function SamplePanel({ run }: { readonly run: DistillationRun }): ReactNode {
  const samples = useCall('distillations.samples', { distillation: run.id })
  if (samples.isError) return <Section title="Samples"><Failed error={samples.error} onRetry={() => void samples.refetch()} /></Section>
  if (samples.data === undefined) return <Section title="Samples"><SkeletonRows rows={2} height={90} /></Section>
  if (samples.data.length === 0) {
    return <Section title="Samples"><p className={styles.none}>The first pictures come at step {formatCount(Math.min(run.config.sampleEvery, run.config.steps))}.</p></Section>
  }
  return <Samples run={run} samples={samples.data} />
})

function Samples({ run, samples }: { readonly run: DistillationRun; readonly samples: readonly TrainingSample[] }): ReactNode {
  const steps = [...new Set(samples.map(({ step }) => step))].sort((a, b) => a - b)
  // null: always the newest
  const [wanted, setWanted] = useState<number | null>(null)
  const [open, setOpen] = useState<{ readonly panoramaId: string; readonly picture: Picture } | null>(null)
  const found = steps.indexOf(wanted ?? -1)
  const at = found < 0 ? steps.length - 1 : found
  const go = (index: number): void => setWanted(index >= steps.length - 1 ? null : steps[Math.max(0, index)])
  useShortcut('earlierSample', at > 0 ? () => go(at - 1) : null)
  useShortcut('laterSample', at < steps.length - 1 ? () => go(at + 1) : null)
  const shown = samples.filter(({ step }) => step === steps[at])
  const aspect = run.config.width / run.config.height
  const opened = open === null ? undefined : shown.find(({ panoramaId }) => panoramaId === open.panoramaId)

  return (
    <Section
      title="Samples"
      aside={
        <div className={styles.steps}>
          <ShortcutHint id="earlierSample" />
          <Slider
            className={styles.slider} size="xs" thumbLabel="Step of the samples" label={null} disabled={steps.length < 2}
            min={0} max={Math.max(1, steps.length - 1)} step={1} value={at} onChange={go}
          />
          <ShortcutHint id="laterSample" />
          <output className={styles.step}>step {formatCount(steps[at])}{wanted === null && <span className="faint"> newest</span>}</output>
        </div>
      }
    >
      <div className={styles.grid} role="table" aria-label={`Samples at step ${steps[at]}`}>
        <div className={styles.row} role="row">
          {PICTURES.map(({ key, title }) => <div key={key} className={styles.title} role="columnheader">{title}</div>)}
        </div>
        {shown.map((sample) => (
          <div key={sample.panoramaId}>
            <div className={styles.row} role="row">
              {PICTURES.map(({ key, title }) => (
                <div key={key} role="cell">
                  <UnstyledButton className={styles.picture} aria-label={`${title} of ${sample.name}, larger`} onClick={() => setOpen({ panoramaId: sample.panoramaId, picture: key })}>
                    <Thumbnail image={sample[key]} alt={`${title} of ${sample.name}`} aspect={aspect} />
                  </UnstyledButton>
                </div>
              ))}
            </div>
            <div className={styles.caption}>{sample.name}<span className="faint">{formatShare(sample.agreement)} of its pixels agree</span></div>
          </div>
        ))}
      </div>
      {open !== null && opened !== undefined && (
        <Enlarged sample={opened} picture={open.picture} onPicture={(picture) => setOpen({ ...open, picture })} onClose={() => setOpen(null)} />
      )}
    </Section>
  )
}

interface EnlargedProps {
  readonly sample: TrainingSample
  readonly picture: Picture
  readonly onPicture: (picture: Picture) => void
  readonly onClose: () => void
}

/** One picture at its own size; the others of the same panorama take its place at a click. */
function Enlarged({ sample, picture, onPicture, onClose }: EnlargedProps): ReactNode {
  const { artifactUrl } = useStudio()
  return (
    <Modal opened onClose={onClose} title={`${sample.name}, step ${formatCount(sample.step)}`} size="calc(100vw - 120px)" centered>
      <div className={styles.tabs} role="tablist">
        {PICTURES.map(({ key, title }) => (
          <UnstyledButton key={key} role="tab" className={styles.tab} aria-selected={key === picture} onClick={() => onPicture(key)}>{title}</UnstyledButton>
        ))}
      </div>
      <img className={styles.large} src={artifactUrl(sample[picture])} alt={`${PICTURES.find(({ key }) => key === picture)?.title} of ${sample.name}`} />
    </Modal>
  )
}
