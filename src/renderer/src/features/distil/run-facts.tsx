import { Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import type { DistillationRun, LossPoint } from '../../../../contract/training-schemas.ts'
import { formatBytes, formatCount, formatShare } from '../../app/format.ts'
import styles from './distillation-page.module.css'
import { formatNumber, formatPace, scoreSentence, scoreText } from './distil-words.ts'

interface RunFactsProps {
  readonly run: DistillationRun
  /** the newest point of the curve */
  readonly point: LossPoint | null
  readonly step: number
  readonly running: boolean
}

/** Share of the time that the engine may wait for samples before it is worth a colour. */
const WAITS = 0.05
const PROVIDER_NAMES = { cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' } as const

/** Where the run stands, in numbers. */
export function RunFacts({ run, point, step, running }: RunFactsProps): ReactNode {
  const imagesPerSecond = running ? point?.imagesPerSecond ?? run.imagesPerSecond : run.imagesPerSecond
  const loss = point?.loss ?? run.loss
  return (
    <dl className={styles.facts}>
      <Figure label="Step" value={formatCount(step)}>of {formatCount(run.config.steps)}</Figure>
      <Figure label="Loss" value={loss === null ? 'none yet' : formatNumber(loss)}>{point === null ? '' : `gradient norm ${formatNumber(point.gradientNorm)}`}</Figure>
      <Figure label="Best score" value={run.bestScore === null ? run.scoreKind === null ? 'not scored' : 'none yet' : scoreText(run.bestScore, run.scoreKind)} explanation={scoreSentence(run)}>
        {run.heldOut === 0 ? 'nothing held out' : `on ${formatCount(run.heldOut)} held out, ${formatCount(run.panoramas)} learned from`}
      </Figure>
      <Figure label="Learning rate" value={formatNumber(point?.learningRate ?? run.config.learningRate)}>{run.learningRateFactor === 1 ? run.config.schedule : `${run.config.schedule}, × ${run.learningRateFactor}`}</Figure>
      <Figure label="Throughput" value={imagesPerSecond === null ? 'not known yet' : `${formatNumber(imagesPerSecond)} images / s`}>
        {imagesPerSecond === null || imagesPerSecond <= 0 ? '' : formatPace(imagesPerSecond / (run.batch * run.accumulate))}
      </Figure>
      <Figure
        label="Waiting for samples" value={run.waitShare === null ? 'not known yet' : formatShare(run.waitShare)} tone={(run.waitShare ?? 0) > WAITS ? 'warn' : undefined}
        explanation="Share of the time in which the engine has nothing to do because samples are not ready. Above 5 % the processor is too slow for the engine."
      >
        {run.waitShare !== null && 'of the engine’s time'}
      </Figure>
      <Figure label="Runs on" value={run.actualProvider === null ? 'not known yet' : PROVIDER_NAMES[run.actualProvider]}>{run.actualProvider === null && run.provider === 'auto' ? '' : run.provider === 'auto' ? 'chosen automatically' : `${PROVIDER_NAMES[run.provider]} was asked for`}</Figure>
      <Figure label="Peak memory" value={run.estimatedPeakBytes === null ? 'not known' : formatBytes(run.estimatedPeakBytes)}>of a step</Figure>
    </dl>
  )
}

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly explanation?: string | undefined
  readonly tone?: 'warn' | undefined
  readonly children?: ReactNode
}

function Figure({ label, value, explanation, tone, children }: FigureProps): ReactNode {
  return (
    <Tooltip label={explanation} disabled={explanation === undefined}>
      <div className={styles.figure}>
        <dt className={styles.figureLabel}>{label}</dt>
        <dd className={styles.figureValue} data-tone={tone}>{value}<span className={styles.figureNote}>{children}</span></dd>
      </div>
    </Tooltip>
  )
}
