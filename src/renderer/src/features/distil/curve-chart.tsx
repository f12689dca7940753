import { ChartTooltip, LineChart, type LineChartSeries } from '@mantine/charts'
import type { ReactNode } from 'react'
import { formatCount } from '../../app/format.ts'
import styles from './charts.module.css'
import { stepTicks, type ChartRow } from './curve.ts'

interface CurveChartProps {
  readonly label: string
  readonly rows: readonly ChartRow[]
  readonly series: readonly LineChartSeries[]
  /** lines without a name of their own, drawn faintly behind */
  readonly behind?: readonly LineChartSeries[]
  readonly height: number
  readonly logarithmic?: boolean
  /** of the y axis; otherwise it fits the values */
  readonly domain?: readonly [number, number]
  readonly dots?: boolean
  readonly format: (value: number) => string
  /** on the axis, where it is shorter */
  readonly tickFormat?: (value: number) => string
}

/** Lines over the steps of a run. Nothing moves on its own: a live curve is drawn several times a second. */
export function CurveChart(props: CurveChartProps): ReactNode {
  const { label, rows, series, behind = [], height, logarithmic = false, domain, dots = false, format, tickFormat = format } = props
  const last = rows.at(-1)?.step ?? 0
  const faint = new Set(behind.map(({ name }) => name))
  return (
    <div role="img" aria-label={label} data-points={rows.length}>
      <LineChart
        h={height} data={[...rows]} dataKey="step" series={[...behind, ...series]} curveType="linear" strokeWidth={1.6} withDots={dots}
        dotProps={{ r: 2.5, strokeWidth: 0 }} activeDotProps={{ r: 4, strokeWidth: 0 }} connectNulls={dots} valueFormatter={format} accessibilityLayer={false}
        classNames={{ axis: styles.axis }} gridColor="var(--gs-line)" textColor="var(--gs-faint)" strokeDasharray="0" tickLine="none"
        lineProps={({ name }) => ({ isAnimationActive: false, ...(faint.has(name) ? { strokeOpacity: 0.22, strokeWidth: 1, activeDot: false } : {}) })}
        xAxisProps={{ type: 'number', domain: [0, last], ticks: stepTicks(last), tickFormatter: formatCount, height: 22 }}
        yAxisProps={{
          width: 52, tickFormatter: tickFormat, scale: logarithmic ? 'log' : 'auto', allowDataOverflow: logarithmic, domain: domain === undefined ? logarithmic ? ['auto', 'auto'] : [0, 'auto'] : [...domain],
        }}
        tooltipProps={{
          content: ({ payload, label: step }) => stepTooltip({ payload: payload.filter(({ dataKey }) => !faint.has(String(dataKey))).map((entry) => ({ ...entry })), step, series, format }),
        }}
      />
    </div>
  )
}

interface StepTooltip {
  readonly payload: readonly { readonly [key: string]: unknown }[]
  readonly step: unknown
  readonly series: readonly LineChartSeries[]
  readonly format: (value: number) => string
}

function stepTooltip({ payload, step, series, format }: StepTooltip): ReactNode {
  return <ChartTooltip label={typeof step === 'number' ? `Step ${formatCount(step)}` : ''} valueFormatter={format} series={[...series]} payload={[...payload]} />
}
