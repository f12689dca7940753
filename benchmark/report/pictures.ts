import type { Row } from '../results.ts'
import { barPlot, groupedBars, linePlot } from './plots.ts'
import type { SizeResult } from './size-result.ts'

export interface Picture {
  readonly name: string
  readonly title: string
  readonly svg: string
}

/** Rows that are compared by class and latitude: one of each kind. */
const COMPARED = ['source-only', 'ta-windows', 'labels-goodsam', 'self-training', 'goodsam', 'supervised']

/** The plots for which there are rows. */
export function picturesOf({ rows }: SizeResult): Picture[] {
  const scored = rows.filter(({ on, group }) => on === 'evaluation' && group !== 'check')
  const compared = COMPARED.flatMap((name) => scored.filter((row) => row.name === name))
  return [
    ...(scored.length > 0 ? [bars(scored)] : []),
    ...(compared.length > 0 ? [classes(compared), latitudes(compared)] : []),
    ...thetas(rows),
  ]
}

function bars(rows: readonly Row[]): Picture {
  const title = 'mIoU on the evaluation panoramas'
  return { name: 'miou', title, svg: barPlot(title, rows.map(({ name, miou, spread }) => ({ label: name, value: miou, spread }))) }
}

function classes(rows: readonly Row[]): Picture {
  const title = 'IoU by class'
  const known = rows[0].perClass.filter(({ trainId }) => rows.some((row) => iouOf(row, trainId) !== null))
  return { name: 'classes', title, svg: groupedBars(title, known.map(({ name }) => name), rows.map((row) => ({ label: row.name, values: known.map(({ trainId }) => iouOf(row, trainId)) }))) }
}

function iouOf(row: Row, trainId: number): number | null {
  return row.perClass.find((one) => one.trainId === trainId)?.iou ?? null
}

function latitudes(rows: readonly Row[]): Picture {
  const title = 'mIoU by latitude, degrees'
  const places = rows[0].latitude.map(({ fromDeg, toDeg }) => `${fromDeg} to ${toDeg}`)
  return { name: 'latitude', title, svg: linePlot(title, places, rows.map(({ name, latitude }) => ({ label: name, values: latitude.map(({ miou }) => miou) }))) }
}

/** Quality of the labels over theta; the default's row is theta of the recipe. */
function thetas(rows: readonly Row[]): Picture[] {
  const at = rows.flatMap((row) => {
    const theta = /^theta=(.+)$/.exec(row.name)?.[1] ?? (row.name === 'labels=goodsam' ? String(defaultTheta(row)) : null)
    return theta === null ? [] : [{ theta: Number(theta), row }]
  }).toSorted((a, b) => a.theta - b.theta)
  if (at.length < 3) return []
  const title = 'Labels by theta, percent'
  return [{
    name: 'theta', title,
    svg: linePlot(title, at.map(({ theta }) => `${theta}`), [
      { label: 'mIoU', values: at.map(({ row }) => row.miou) }, { label: 'boundary F', values: at.map(({ row }) => row.boundaryF) },
    ]),
  }]
}

function defaultTheta({ made }: Row): number {
  const { subject } = made as { subject?: { labels?: { config?: { fusion?: { theta?: number } } } } }
  return subject?.labels?.config?.fusion?.theta ?? Number.NaN
}
