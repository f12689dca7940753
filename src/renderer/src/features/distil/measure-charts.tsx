import { useMemo, type ReactNode } from 'react'
import type { Curve, DistillationRun } from '../../../../contract/training-schemas.ts'
import { formatShare } from '../../app/format.ts'
import styles from './charts.module.css'
import { CurveChart } from './charts.ts'
import { thinPoints, thinScores, type ChartRow } from './curve.ts'
import { formatNumber, scoreSentence } from './distil-words.ts'

const DRAWN = 200

/** Score, learning rate and throughput over the steps. */
export function MeasureCharts({ curve, run }: { readonly curve: Curve; readonly run: DistillationRun }): ReactNode {
  const rows = useMemo<ChartRow[]>(
    () => thinPoints(curve.points, DRAWN).map(({ step, learningRate, imagesPerSecond }) => ({ step, learningRate, imagesPerSecond })), [curve.points],
  )
  const scores = useMemo<ChartRow[]>(() => thinScores(curve.scores, DRAWN).map(({ step, score }) => ({ step, score })), [curve.scores])
  return (
    <div className={styles.measures}>
      <Measure title={run.scoreKind === 'miou' ? 'mIoU of held-out panoramas' : 'Agreement of held-out panoramas'} explanation={scoreSentence(run)}>
        {scores.length === 0
          ? <div className={styles.none}>{run.scoreKind === null || run.heldOut === 0 ? 'Not scored: nothing is held out.' : `The first score comes at step ${run.config.validateEvery}.`}</div>
          : <CurveChart label="Score over the steps" rows={scores} series={[{ name: 'score', label: 'Score', color: 'var(--gs-good)' }]} height={120} dots={scores.length <= 60} domain={[0, 1]} format={(value) => formatShare(value)} tickFormat={(value) => formatShare(value, 0)} />}
      </Measure>
      <Measure title="Learning rate">
        <CurveChart label="Learning rate over the steps" rows={rows} series={[{ name: 'learningRate', label: 'Learning rate', color: 'var(--gs-accent)' }]} height={120} format={formatNumber} />
      </Measure>
      <Measure title="Images a second">
        <CurveChart label="Throughput over the steps" rows={rows} series={[{ name: 'imagesPerSecond', label: 'Images a second', color: 'var(--gs-muted)' }]} height={120} format={formatNumber} />
      </Measure>
    </div>
  )
}

function Measure({ title, explanation, children }: { readonly title: string; readonly explanation?: string; readonly children: ReactNode }): ReactNode {
  return (
    <section className={styles.measure} aria-label={title}>
      <h3 className={styles.measureTitle} title={explanation}>{title}</h3>
      {children}
    </section>
  )
}
