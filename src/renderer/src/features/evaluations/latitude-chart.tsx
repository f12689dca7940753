import { BarChart } from '@mantine/charts'
import type { ReactNode } from 'react'
import type { Evaluation } from '../../../../contract/schemas.ts'
import { formatShare } from '../../app/format.ts'
import { latitudeChartHeight } from './chart-heights.ts'
import { shareOr } from './evaluation-words.ts'

/** mIoU by latitude, the north on top. */
export function LatitudeChart({ bands }: { readonly bands: Evaluation['latitudeBands'] }): ReactNode {
  const rows = bands.toSorted((a, b) => b.fromDeg - a.fromDeg)
  return (
    <div role="img" aria-label={`mIoU by latitude: ${rows.map(({ fromDeg, toDeg, miou }) => `${bandName(fromDeg, toDeg)} ${shareOr(miou)}`).join(', ')}`}>
      <BarChart
        h={latitudeChartHeight(rows.length)} data={rows.map(({ fromDeg, toDeg, miou }) => ({ band: bandName(fromDeg, toDeg), mIoU: miou }))} dataKey="band"
        orientation="vertical" series={[{ name: 'mIoU', color: 'var(--gs-accent)' }]} yAxisProps={{ width: 92 }} xAxisProps={{ domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], tickFormatter: (tick: number) => formatShare(tick, 0) }}
        valueFormatter={(value) => shareOr(value)} gridAxis="x" maxBarWidth={16} barProps={{ isAnimationActive: false, radius: 2 }}
      />
    </div>
  )
}

function bandName(fromDeg: number, toDeg: number): string {
  return [fromDeg, toDeg].map((degrees) => `${degrees < 0 ? '\u2212' : ''}${Math.abs(degrees)}°`).join(' to ')
}
