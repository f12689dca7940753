/** The few forms that the report's plots are made of. All lengths are in pixels of the picture. */

export const INK = '#333333'
export const FAINT = '#dddddd'
/** Told apart by people who see colours otherwise, too (Okabe and Ito). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly size?: number
  readonly colour?: string
  /** degrees, clockwise, about the text's own place */
  readonly turned?: number
}

export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { anchor = 'start', size = 12, colour = INK, turned = 0 } = options
  const transform = turned === 0 ? '' : ` transform="rotate(${turned} ${px(x)} ${px(y)})"`
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" font-size="${size}" fill="${colour}"${transform}>${escaped(content)}</text>`
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function rectangle({ x, y, width, height }: Box, colour: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${colour}"/>`
}

export type Point = readonly [x: number, y: number]

export function line(points: readonly Point[], colour: string, width = 1): string {
  return `<polyline points="${points.map(([x, y]) => `${px(x)},${px(y)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="${width}"/>`
}

export function dot([x, y]: Point, colour: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="3" fill="${colour}"/>`
}

/** A whole picture on white, so that it can be read on dark pages too. */
export function picture(size: { readonly width: number; readonly height: number }, title: string, parts: readonly string[]): string {
  const { width, height } = size
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    rectangle({ x: 0, y: 0, width, height }, '#ffffff'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

/** Round numbers from 0 to at least `most`: five steps or so. */
export function ticksUpTo(most: number): readonly number[] {
  const rough = Math.max(most, 1e-9) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

function px(value: number): string {
  return Number(value.toFixed(2)).toString()
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
