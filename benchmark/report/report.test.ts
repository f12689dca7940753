import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { Measurement } from '../measurement.ts'
import type { Row } from '../results.ts'
import { openRowCache } from '../row-cache.ts'
import { SIZES } from '../sizes.ts'
import { findingsOf, seedNoise } from './findings.ts'
import { markdownTable } from './page.ts'
import { barPlot, linePlot } from './plots.ts'
import { ticksUpTo } from './svg.ts'
import { measurementsFile, writeReport } from './write-report.ts'

function row(name: string, miou: number, changes: Partial<Row> = {}): Row {
  return {
    name, group: 'students', title: `Title of ${name}`, miou, boundaryF: 30, seam: null, pixelAccuracy: 80, solidAngleMiou: 45,
    latitude: [{ fromDeg: -30, toDeg: 0, miou }, { fromDeg: 0, toDeg: 30, miou: null }], perClass: [{ trainId: 0, name: 'road', iou: miou }, { trainId: 16, name: 'train', iou: null }],
    parameters: 3_700_000, msPerPanorama: null, seeds: [{ seed: 1, miou }], spread: null, on: 'evaluation', panoramas: 4, size: 'quick',
    command: `npm run -s benchmark -- --quick --only ${name}`, seconds: 12, at: '2026-11-01T10:00:00.000Z', machine: 'two cores', made: {}, ...changes,
  }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const page = (): Promise<string> => readFile(join(folder.path, 'docs/benchmark.md'), 'utf8')

describe('writeReport', () => {
  it('without numbers it says so, and invents none', async () => {
    await writeReport(folder.path, { size: SIZES.quick, rows: [], measurements: [] })
    expect(await page()).toContain('Nothing was measured yet.')
    expect(await readdir(join(folder.path, 'docs/benchmark'))).toEqual([])
  })

  it('rows, goals, pictures, commands and what people wrote', async () => {
    await mkdir(join(folder.path, 'docs/benchmark'), { recursive: true })
    await writeFile(join(folder.path, 'docs/benchmark/diagnosis.md'), 'The boundary term is the reason.\n')
    await writeFile(join(folder.path, 'docs/benchmark/history.md'), 'At first it was upside down.\n')
    const rows = [row('source-only', 40), row('self-training', 50), row('goodsam', 54), row('supervised', 60, { spread: 0.5 })]
    await writeReport(folder.path, { size: SIZES.quick, rows, measurements: [] })
    const text = await page()
    expect(text).toContain('| GoodSAM above self-training on the TA\'s labels | at least 3.75 points | 4.00 points | 1 | met |')
    expect(text).toContain('| GoodSAM above the TA applied directly | more than 0 | - | - | not measured |')
    expect(text).toContain('| GoodSAM on the way from source-only to supervised | at least 60 % | 70.00 % | 1 | met |')
    expect(text).toContain('Students are compared over the seeds that both have')
    expect(text).toContain('| supervised | Title of supervised | 60.00 | 0.50 |')
    expect(text).toContain('\n\nNot measured at this size: truth, ta-direct, ta-windows, labels-goodsam.\n\n')
    expect(text).toContain('`npm run -s benchmark -- --quick --only goodsam`')
    // what it comes to first, how it came to that last
    const told = ['## Diagnosis\n\nThe boundary term is the reason.\n\n## How it is measured', '### Goals', '## What was mended on the way\n\nAt first it was upside down.'].map((part) => text.indexOf(part))
    expect(told).not.toContain(-1)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    const files = await readdir(join(folder.path, 'docs/benchmark'))
    for (const [, file] of text.matchAll(/\]\(benchmark\/([^)]+)\)/g)) expect(files).toContain(file)
    // from the document alone it is the same page
    await writeReport(folder.path, { size: SIZES.medium, rows: [], measurements: [] })
    expect(await page()).toBe(text)
  })

  it('the measurements stand beside it, as a row cache has them', async () => {
    const measurement: Measurement = {
      key: 'k', name: 'goodsam', seed: 1, miou: 0.5, pixelAccuracy: 0.8, solidAngleMiou: 0.45, boundaryF: null, seam: null, latitude: [], perClass: [], panoramas: 2,
      parameters: null, msPerPanorama: null, seconds: 1, at: '2026-11-01T00:00:00.000Z', machine: 'two cores', made: { a: 1 },
    }
    await writeReport(folder.path, { size: SIZES.quick, rows: [row('goodsam', 50)], measurements: [measurement] })
    expect((await openRowCache(join(folder.path, 'rows.jsonl'), [measurementsFile(folder.path, SIZES.quick)])).all()).toEqual([measurement])
  })

  it('a larger size comes first', async () => {
    await writeReport(folder.path, { size: SIZES.quick, rows: [row('goodsam', 10)], measurements: [] })
    await writeReport(folder.path, { size: SIZES.medium, rows: [row('goodsam', 50, { size: 'medium' })], measurements: [] })
    const text = await page()
    expect(text.indexOf('## Results, size medium')).toBeLessThan(text.indexOf('## Results, size quick'))
  })

  it('a damaged document is named', async () => {
    await mkdir(join(folder.path, 'docs/benchmark'), { recursive: true })
    await writeFile(join(folder.path, 'docs/benchmark/full.json'), '{')
    await expect(writeReport(folder.path, { size: SIZES.quick, rows: [], measurements: [] })).rejects.toThrow(/full\.json is no result/)
  })
})

describe('findings', () => {
  it('say nothing of a term where the row before it was not measured', () => {
    expect(findingsOf([row('mka-image', 50), row('goodsam', 51)]).filter((finding) => finding.includes(' term '))).toEqual([])
  })

  it('say which term helps and which hurts, with its points', () => {
    const findings = findingsOf([row('mka-image', 50), row('mka-window', 52), row('mka-confident', 52.05), row('goodsam', 51)])
    expect(findings).toEqual([
      'The window term helps: +2.00 points of mIoU over the image term alone.',
      'The confident term changes little: +0.05 points of mIoU over the window term.',
      'The boundary term hurts: -1.05 points of mIoU over the confident term.',
    ])
  })

  it('of students say no more than seeds allow', () => {
    const chain = [row('mka-image', 50, { spread: 0.3 }), row('mka-window', 52), row('mka-confident', 52.8), row('goodsam', 53, { spread: 0.4 })]
    // sqrt(2 * (0.09 + 0.16) / 2)
    expect(seedNoise(chain)).toBeCloseTo(0.5, 10)
    const losses = (name: string, miou: number): Row => row(name, miou, { group: 'loss-ablations' })
    const findings = findingsOf([...chain, losses('weight-image=0', 50), losses('weight-image=3', 53.9), losses('radius=0.016', 54.5)])
    expect(findings[0]).toBe('Two students that differ in their seed alone differ by 0.50 points of mIoU on average (root mean square).')
    expect(findings).toContain('The window term helps: +2.00 points of mIoU over the image term alone.')
    expect(findings).toContain('The confident term changes little: +0.80 points of mIoU over the window term.')
    expect(findings.slice(-2)).toEqual([
      'Students: of weight-image, beside the default, 0 hurts (-3.00); 3 changes little (+0.90).',
      'Students: of radius, beside the default, 0.016 helps (+1.50).',
    ])
    expect(seedNoise([row('goodsam', 50)])).toBeNull()
  })

  it('compare students over the seeds that both have', () => {
    const seeds = [{ seed: 1, miou: 50 }, { seed: 2, miou: 54 }]
    expect(findingsOf([row('mka-image', 52, { seeds }), row('mka-window', 51)])).toEqual(['The window term helps: +1.00 points of mIoU over the image term alone.'])
  })

  it('compare classes and latitudes with self-training, and find the best of an ablation', () => {
    const labels = (name: string, miou: number): Row => row(name, miou, { group: 'label-ablations', on: 'training' })
    const findings = findingsOf([row('goodsam', 54), row('self-training', 50), labels('labels=goodsam', 60), labels('theta=0.3', 59), labels('theta=0.7', 60.5), labels('stride=1', 58)])
    expect(findings).toContain('Against self-training GoodSAM gains most in road +4.00.')
    expect(findings).toContain('By latitude, in points: -30..0 +4.00.')
    expect(findings).toContain('Labels: Title of theta=0.7 is +0.50 points of mIoU against the default.')
    expect(findings.at(-1)).toMatch(/no value of stride.*-2\.00/)
    expect(findingsOf([])).toEqual([])
  })
})

describe('plots', () => {
  it('are XML whose bars are as long as their values', () => {
    const svg = barPlot('A < B & "C"', [{ label: 'half', value: 25, spread: null }, { label: 'whole', value: 50, spread: 1 }])
    const { svg: parsed } = new XMLParser({ ignoreAttributes: false }).parse(svg) as { svg: { title: string; rect: Record<string, string>[] } }
    expect(parsed.title).toBe('A < B & "C"')
    const [, half, whole] = parsed.rect.map((rect) => Number(rect['@_width']))
    expect(whole / half).toBeCloseTo(2, 3)
  })

  it('a line is interrupted where there is no value', () => {
    const svg = linePlot('t', ['a', 'b', 'c', 'd'], [{ label: 's', values: [1, 2, null, 4] }])
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(2)
    expect(svg.match(/<circle/g)).toHaveLength(3)
  })

  it('ticks are round and reach the largest value', () => {
    expect(ticksUpTo(47)).toEqual([0, 10, 20, 30, 40, 50])
    expect(ticksUpTo(0.9)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticksUpTo(100)).toEqual([0, 20, 40, 60, 80, 100])
  })
})

it('a bar in a cell does not end it', () => {
  expect(markdownTable(['a'], [['b|c']])).toBe('| a |\n|---|\n| b\\|c |')
})
