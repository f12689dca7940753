import { Button, Select, Slider, Tooltip } from '@mantine/core'
import { IconHelp } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { LabellingRun } from '../../../../contract/schemas.ts'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import { notifyDone, useAction } from '../../app/calls.ts'
import { ShortcutHint } from '../../components/keys.tsx'
import { ActionFailure } from '../../components/states.tsx'
import type { PanoramaViewer } from '../../viewer/types.ts'
import { Panel } from './panel.tsx'
import styles from './theta-panel.module.css'
import { useViewerValue } from './viewer-pane.tsx'

interface ThetaPanelProps {
  readonly run: LabellingRun
  /** what is shown; null: as the run was made */
  readonly draft: FusionConfig | null
  readonly onDraft: (fusion: FusionConfig | null) => void
  readonly viewer: PanoramaViewer | null
  readonly panoramaId: string | null
}

const BELOW: readonly { readonly value: FusionConfig['belowTheta']; readonly label: string }[] = [
  { value: 'ta', label: 'keeps the TA’s class' },
  { value: 'majority', label: 'takes its majority' },
  { value: 'ignore', label: 'is left out (ignore)' },
]

const UNCOVERED: readonly { readonly value: FusionConfig['uncovered']; readonly label: string }[] = [
  { value: 'ta', label: 'keeps the TA’s class' },
  { value: 'ignore', label: 'is left out (ignore)' },
]

/** Theta live: the fused label is computed again as the slider moves, and kept only when a person says so. */
export function ThetaPanel({ run, draft, onDraft, viewer, panoramaId }: ThetaPanelProps): ReactNode {
  const [, navigate] = useLocation()
  const refuse = useAction('runs.refuse', { inline: true })
  const drawing = useViewerValue(viewer, ({ fusion }) => fusion === 'loading') === true
  const latency = useViewerValue(viewer, ({ timings }) => timings.fusionLatencyMs)
  const stored = run.config.fusion
  const shown = draft ?? stored
  if (run.samId === null) {
    return (
      <Panel title="Theta">
        <p className={styles.note}>A TA-only run has no masks, so theta has nothing to decide. Start a run with a SAM to compare.</p>
      </Panel>
    )
  }
  const keep = async (): Promise<void> => {
    const made = await refuse.run({ run: run.id, fusion: shown })
    if (made === null) return
    notifyDone('Only the fusion runs again; masks and classes are reused.', 'Kept as a new run')
    navigate(`/labelling/${made.runId}${panoramaId === null ? '' : `/${panoramaId}`}`)
  }
  return (
    <Panel
      title="Theta"
      aside={
        <Tooltip
          position="left"
          label={`A mask is trusted when its majority class holds at least this share ${shown.thetaPerAreaLevel ? 'of what is usual for masks of its size' : 'of it'}.`}
        >
          <span className={styles.keys}><ShortcutHint id="thetaDown" /><ShortcutHint id="thetaUp" /><IconHelp size={15} stroke={1.6} className={styles.help} aria-label="What theta is" /></span>
        </Tooltip>
      }
    >
      <div className={styles.slider}>
        <Slider
          className={styles.track} thumbLabel="Theta" min={0} max={1} step={0.01} label={null} value={shown.theta}
          marks={[{ value: stored.theta }]} onChange={(theta) => onDraft({ ...shown, theta })}
        />
        <output className={styles.value}>{shown.theta.toFixed(2)}</output>
      </div>
      <div className={styles.below}>
        <label htmlFor="below-theta">Below it, a mask</label>
        <Select
          id="below-theta" className={styles.choice} value={shown.belowTheta} data={BELOW}
          onChange={(value) => onDraft({ ...shown, belowTheta: BELOW.find((one) => one.value === value)?.value ?? 'ta' })}
        />
      </div>
      <div className={styles.below}>
        <label htmlFor="uncovered">What no mask covers</label>
        <Select
          id="uncovered" className={styles.choice} value={shown.uncovered} data={UNCOVERED}
          onChange={(value) => onDraft({ ...shown, uncovered: UNCOVERED.find((one) => one.value === value)?.value ?? 'ta' })}
        />
      </div>
      <div className={styles.foot} role="status">
        {draft === null
          ? <span className="faint">As the run was made.</span>
          : <span className={styles.preview}>Preview{drawing ? ', drawing' : latency === null ? '' : `, drawn in ${Math.round(latency)} ms`}</span>}
      </div>
      {draft !== null && (
        <div className={styles.buttons}>
          <Button variant="default" size="compact-xs" onClick={() => onDraft(null)}>Back to {stored.theta.toFixed(2)}</Button>
          <Button size="compact-xs" loading={refuse.busy} onClick={() => void keep()}>Keep as a new run</Button>
        </div>
      )}
      <ActionFailure error={refuse.error} />
    </Panel>
  )
}
