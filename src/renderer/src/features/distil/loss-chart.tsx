import { Button, Checkbox, Slider } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useMemo, type ReactNode } from 'react'
import type { LossPoint } from '../../../../contract/training-schemas.ts'
import { useShortcut } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import styles from './charts.module.css'
import { CurveChart } from './charts.ts'
import { lossRows, rawName, termsOf, thinPoints } from './curve.ts'
import { TERM_COLORS, TERM_NAMES, formatNumber } from './distil-words.ts'

/** Points of a line as it is drawn, whatever the length of the run. */
const DRAWN = 500
const SMOOTHING = 0.8

/** The loss and its terms: each can be hidden; smoothed or not; linear or logarithmic. */
export function LossChart({ points }: { readonly points: readonly LossPoint[] }): ReactNode {
  const [hidden, setHidden] = useLocalStorage<readonly string[]>({ key: 'goodsam.distil.hidden', defaultValue: [] })
  const [smoothing, setSmoothing] = useLocalStorage({ key: 'goodsam.distil.smoothing', defaultValue: 0.6 })
  const [logarithmic, setLogarithmic] = useLocalStorage({ key: 'goodsam.distil.logarithmic', defaultValue: false })
  const toggleLogarithmic = (): void => setLogarithmic(!logarithmic)
  const toggleSmoothing = (): void => setSmoothing(smoothing > 0 ? 0 : SMOOTHING)
  useShortcut('logarithmicLoss', toggleLogarithmic)
  useShortcut('smoothLoss', toggleSmoothing)

  const thinned = useMemo(() => thinPoints(points, DRAWN), [points])
  const terms = useMemo(() => ['loss', ...termsOf(thinned)], [thinned])
  const shown = terms.filter((term) => !hidden.includes(term))
  const rows = useMemo(() => lossRows(thinned, { terms, smoothing, logarithmic }), [thinned, terms, smoothing, logarithmic])
  const series = shown.map((term) => ({ name: term, label: TERM_NAMES[term] ?? term, color: TERM_COLORS[term] ?? 'var(--gs-muted)' }))
  const behind = smoothing === 0 ? [] : series.map(({ name, label, color }) => ({ name: rawName(name), label, color }))

  return (
    <>
      <div className={styles.tools}>
        <div className={styles.terms} role="group" aria-label="Terms of the loss">
          {terms.map((term) => (
            <Checkbox
              key={term} label={TERM_NAMES[term] ?? term} checked={shown.includes(term)} color={TERM_COLORS[term]} iconColor="var(--gs-bg)"
              onChange={(event) => setHidden(event.currentTarget.checked ? hidden.filter((one) => one !== term) : [...hidden, term])}
            />
          ))}
        </div>
        <Tip label="Smoothing: a moving average over the drawn points" shortcut="smoothLoss">
          <div className={styles.smoothing}>
            <span>Smoothing</span>
            <Slider className={styles.slider} size="xs" thumbLabel="Smoothing" label={null} min={0} max={0.98} step={0.01} value={smoothing} onChange={setSmoothing} />
            <output className={styles.value}>{smoothing.toFixed(2)}</output>
          </div>
        </Tip>
        <Tip label="Logarithmic axis" shortcut="logarithmicLoss">
          <Button variant={logarithmic ? 'light' : 'default'} size="compact-xs" aria-pressed={logarithmic} onClick={toggleLogarithmic}>Log</Button>
        </Tip>
      </div>
      <CurveChart label="Loss over the steps" rows={rows} series={series} behind={behind} height={280} logarithmic={logarithmic} format={formatNumber} />
    </>
  )
}
