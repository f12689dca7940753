import { lazyChart } from '../../components/lazy-chart.tsx'

export const CurveChart = lazyChart(async () => (await import('./curve-chart.tsx')).CurveChart, ({ height }) => height)
