import { lazyChart } from '../../components/lazy-chart.tsx'
import { latitudeChartHeight, SCATTER_HEIGHT } from './chart-heights.ts'

export const LatitudeChart = lazyChart(async () => (await import('./latitude-chart.tsx')).LatitudeChart, ({ bands }) => latitudeChartHeight(bands.length))
export const CompareScatter = lazyChart(async () => (await import('./compare-scatter.tsx')).CompareScatter, () => SCATTER_HEIGHT)
