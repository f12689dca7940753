import { COLOURS, dot, FAINT, INK, line, picture, type Point, rectangle, text, ticksUpTo } from './svg.ts'

/** Bars, grouped bars and lines: what the benchmark's page shows. */

export interface Bar {
  readonly label: string
  readonly value: number
  /** standard deviation, drawn to both sides; null: not known */
  readonly spread: number | null
}

const WIDTH = 760
const LABELS = 230
const ROW = 24
const TOP = 34

/** One horizontal bar per row, with its number and, where it is known, its spread. */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 26
  const ticks = ticksUpTo(Math.max(...bars.map(({ value, spread }) => value + (spread ?? 0))))
  const most = ticks[ticks.length - 1]
  const at = (value: number): number => LABELS + ((WIDTH - LABELS - 60) * value) / most
  const bottom = TOP + bars.length * ROW
  return picture({ width: WIDTH, height }, title, [
    text(12, 20, title, { size: 14 }),
    ...ticks.flatMap((tick) => [line([[at(tick), TOP], [at(tick), bottom]], FAINT), text(at(tick), bottom + 16, `${tick}`, { anchor: 'middle' })]),
    ...bars.flatMap(({ label, value, spread }, index) => {
      const y = TOP + index * ROW
      const middle = y + ROW / 2
      return [
        text(LABELS - 8, middle + 4, label, { anchor: 'end' }),
        rectangle({ x: LABELS, y: y + 4, width: at(value) - LABELS, height: ROW - 8 }, COLOURS[0]),
        ...(spread === null ? [] : [line([[at(value - spread), middle], [at(value + spread), middle]], INK, 2)]),
        text(at(value + (spread ?? 0)) + 6, middle + 4, value.toFixed(1)),
      ]
    }),
  ])
}

export interface Series {
  readonly label: string
  /** null: nothing there */
  readonly values: readonly (number | null)[]
}

const LEFT = 44
const PLOT_HEIGHT = 220

/** Groups of vertical bars, one bar of each series in each. */
export function groupedBars(title: string, groups: readonly string[], series: readonly Series[]): string {
  const { top, parts, at, width } = frame(title, series)
  const groupWidth = (width - LEFT - 12) / groups.length
  const barWidth = (groupWidth * 0.8) / series.length
  const bottom = top + PLOT_HEIGHT
  return picture({ width, height: bottom + 90 }, title, [
    ...parts,
    ...groups.flatMap((group, index) => {
      const x = LEFT + index * groupWidth
      return [
        ...series.flatMap(({ values }, which) => {
          const value = values[index]
          return value === null ? [] : [rectangle({ x: x + groupWidth * 0.1 + which * barWidth, y: at(value), width: barWidth, height: bottom - at(value) }, colourOf(which))]
        }),
        text(x + groupWidth / 2, bottom + 14, group, { anchor: 'end', size: 11, turned: -40 }),
      ]
    }),
  ])
}

/** Lines over named places in order; a place without a value interrupts its line. */
export function linePlot(title: string, places: readonly string[], series: readonly Series[]): string {
  const { top, parts, at, width } = frame(title, series)
  const step = (width - LEFT - 90) / Math.max(1, places.length - 1)
  const x = (index: number): number => LEFT + 40 + index * step
  const bottom = top + PLOT_HEIGHT
  return picture({ width, height: bottom + 40 }, title, [
    ...parts,
    ...places.map((place, index) => text(x(index), bottom + 18, place, { anchor: 'middle', size: 11 })),
    ...series.flatMap(({ values }, which) => {
      const pieces: Point[][] = [[]]
      values.forEach((value, index) => {
        if (value === null) pieces.push([])
        else pieces[pieces.length - 1].push([x(index), at(value)])
      })
      return pieces.filter((piece) => piece.length > 0).flatMap((piece) => [line(piece, colourOf(which), 2), ...piece.map((point) => dot(point, colourOf(which)))])
    }),
  ])
}

/** Title, legend and the scale on the left. */
function frame(title: string, series: readonly Series[]): { readonly top: number; readonly parts: readonly string[]; readonly at: (value: number) => number; readonly width: number } {
  const top = 40 + 18 * Math.ceil(series.length / 3)
  const ticks = ticksUpTo(Math.max(0, ...series.flatMap(({ values }) => values.filter((value) => value !== null))))
  const most = ticks[ticks.length - 1]
  const at = (value: number): number => top + PLOT_HEIGHT - (PLOT_HEIGHT * value) / most
  return {
    top, at, width: WIDTH,
    parts: [
      text(12, 20, title, { size: 14 }),
      ...series.flatMap(({ label }, index) => {
        const place = { x: LEFT + (index % 3) * 240, y: 30 + 18 * Math.floor(index / 3) }
        return [rectangle({ ...place, width: 12, height: 12 }, colourOf(index)), text(place.x + 18, place.y + 10, label)]
      }),
      ...ticks.flatMap((tick) => [line([[LEFT, at(tick)], [WIDTH - 12, at(tick)]], FAINT), text(LEFT - 6, at(tick) + 4, `${tick}`, { anchor: 'end' })]),
    ],
  }
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]
}
