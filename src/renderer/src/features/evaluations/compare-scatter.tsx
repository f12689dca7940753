import { ScatterChart } from '@mantine/charts'
import type { ReactNode } from 'react'
import type { Comparison } from '../../../../contract/training-schemas.ts'
import { formatShare } from '../../app/format.ts'
import { SCATTER_HEIGHT } from './chart-heights.ts'
import styles from './compare-scatter.module.css'

interface CompareScatterProps {
  readonly panoramas: Comparison['perPanorama']
  readonly pair: readonly [number, number]
  readonly names: readonly [string, string]
  readonly chosen: string
  readonly onChoose: (panoramaId: string) => void
}

const TICKS = [0, 0.25, 0.5, 0.75, 1]
const DIAGONAL = [{ segment: [{ x: 0, y: 0 }, { x: 1, y: 1 }] as const, color: 'gray.6', strokeDasharray: '4 4' }]

/** mIoU of one against the other, a point for each panorama: above the line the second is better. */
export function CompareScatter({ panoramas, pair, names, chosen, onChoose }: CompareScatterProps): ReactNode {
  const points = panoramas.flatMap(({ panoramaId, miou }, index) => {
    const [x, y] = [miou[pair[0]], miou[pair[1]]]
    return x === null || y === null ? [] : [{ x, y, index, isChosen: panoramaId === chosen }]
  })
  const series = (which: boolean): Record<string, number>[] => points.filter(({ isChosen }) => isChosen === which).map(({ x, y, index }) => ({ x, y, index }))
  return (
    <div role="img" aria-label={`mIoU by panorama: ${names[0]} across, ${names[1]} up, ${points.length} points`}>
      <ScatterChart
        h={SCATTER_HEIGHT} dataKey={{ x: 'x', y: 'y' }} gridAxis="xy" valueFormatter={(value) => formatShare(value, 0)} xAxisLabel={names[0]} yAxisLabel={names[1]}
        xAxisProps={{ domain: [0, 1], ticks: TICKS, type: 'number' }} yAxisProps={{ domain: [0, 1], ticks: TICKS, type: 'number' }} referenceLines={[...DIAGONAL]}
        data={[{ name: 'panorama', color: 'var(--gs-accent)', data: series(false) }, { name: 'open panorama', color: 'var(--gs-warn)', data: series(true) }]}
        scatterProps={{
          isAnimationActive: false, cursor: 'pointer',
          onClick: ({ payload }) => {
            const panorama = panoramas.at(indexOf(payload))
            if (panorama !== undefined) onChoose(panorama.panoramaId)
          },
        }}
        tooltipProps={{
          content: ({ payload }) => tipOf(panoramas.at(indexOf(payload.at(0)?.payload)), pair, names),
        }}
      />
    </div>
  )
}

/** Which panorama a point of the chart stands for. */
function indexOf(point: unknown): number {
  return typeof point === 'object' && point !== null && 'index' in point && typeof point.index === 'number' ? point.index : Number.MAX_SAFE_INTEGER
}

function tipOf(panorama: Comparison['perPanorama'][number] | undefined, pair: readonly [number, number], names: readonly [string, string]): ReactNode {
  if (panorama === undefined) return null
  return (
    <div className={styles.tip}>
      <div className={styles.name}>{panorama.name}</div>
      {names.map((name, place) => <div key={name} className={styles.line}><span>{name}</span><span>{formatShare(panorama.miou[pair[place]] ?? 0)}</span></div>)}
    </div>
  )
}
