import { SegmentedControl } from '@mantine/core'
import type { ReactNode } from 'react'
import type { DistillationRun } from '../../../../contract/training-schemas.ts'
import { useAction } from '../../app/calls.ts'
import { Section } from '../../components/page.tsx'
import styles from './distillation-page.module.css'

const FACTORS: readonly number[] = [0.1, 0.3, 0.5, 1, 2, 3]

/** Multiplies the schedule's learning rate from the next step on; 1 is the schedule's own. */
export function LearningRateControl({ run }: { readonly run: DistillationRun }): ReactNode {
  const set = useAction('distillations.setLearningRateFactor')
  const now = run.learningRateFactor
  const factors = FACTORS.includes(now) ? FACTORS : [...FACTORS, now].sort((a, b) => a - b)
  return (
    <Section title="Learning rate">
      <div className={styles.factor}>
        <SegmentedControl
          aria-label="Learning rate factor" value={String(now)} disabled={set.busy} data={factors.map((factor) => ({ value: String(factor), label: `× ${factor}` }))}
          onChange={(value) => void set.run({ distillation: run.id, factor: Number(value) })}
        />
        <span className="faint">{now === 1 ? 'As the schedule says.' : 'Of what the schedule says, from the next step on.'}</span>
      </div>
    </Section>
  )
}
