import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { LossPoint } from '../../src/contract/training-schemas.ts'
import { DISTILLATION_DEFAULTS } from '../../src/core/goodsam/distillation-config.ts'
import type { WriteDb } from '../../src/main/store/database.ts'
import { addDistillation, updateDistillation } from '../../src/main/store/distillations.ts'
import { addJob, updateJob } from '../../src/main/store/jobs.ts'
import { addLossPoints } from '../../src/main/store/loss-points.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { addTestRun, type TestRun } from '../../src/main/store/workspace.fixture.ts'
import { openWindow } from '../e2e/window.ts'
import type { BenchResult } from './result.ts'
import { seededRandom } from './seeded-random.ts'
import { median } from './median.ts'

/** Steps of a short run, all of whose points are drawn, and of a long one. */
const SHORT = 500
const LONG = 50_000
/** Both are looked at in turn, since a machine has its moods. */
const ROUNDS = 3
const REDRAWS = 7
/** Least speed of the long curve, as a share of the short one's. */
const SHARE = 0.8

/**
 * The page of a run whose curve has 50,000 points, in the built window (Chromium) on a host of its own: until the curve is
 * drawn, and each time it is drawn again (the axis turns logarithmic and back). Against a run of 500 points, of which
 * nothing is thinned: a curve must not grow heavy with its length.
 */
export async function bench(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'goodsam-curve-'))
  try {
    const [short, long] = seedWorkspace(folder)
    const window = await openWindow('browser', folder)
    try {
      // once unmeasured: the page's code is loaded and compiled
      await open(window.page, short)
      const opened: Record<string, number[]> = { [short]: [], [long]: [] }
      const drawn: Record<string, number[]> = { [short]: [], [long]: [] }
      for (let round = 0; round < ROUNDS; round++) {
        for (const id of [short, long]) {
          opened[id].push(await open(window.page, id))
          drawn[id].push(...(await redraws(window.page)))
        }
      }
      const share = median(drawn[short]) / median(drawn[long])
      return {
        name: 'curve',
        values: {
          [`curve of ${SHORT} points on the screen (ms)`]: median(opened[short]),
          [`curve of ${LONG} points on the screen (ms)`]: median(opened[long]),
          [`drawn again, ${SHORT} points (ms)`]: median(drawn[short]),
          [`drawn again, ${LONG} points (ms)`]: median(drawn[long]),
          'slowest (ms)': Math.max(...drawn[long]),
        },
        ratios: { 'speed of the long curve / the short one': { value: share, floor: SHARE, ok: share >= SHARE } },
        figures: { curveShortMs: median(drawn[short]), curveLongMs: median(drawn[long]), curveOpenMs: median(opened[long]) },
      }
    } finally {
      await window.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A workspace with two finished runs; their ids. */
function seedWorkspace(folder: string): readonly [short: string, long: string] {
  const store = openStore(folder, { create: true })
  try {
    return store.transaction((db) => {
      const labelled = addTestRun(db, ['street'])
      return [addRun(db, labelled, SHORT), addRun(db, labelled, LONG)]
    })
  } finally {
    store.close()
  }
}

function addRun(db: WriteDb, { run, panoramas }: TestRun, steps: number): string {
  const name = `${steps} steps`
  const job = addJob(db, { kind: 'distil', title: `Distil ${name}`, subjectId: null, payload: {}, total: steps })
  updateJob(db, job.id, { state: 'done', done: steps })
  const { id } = addDistillation(db, {
    name, labellingRunId: run.id, labellingRunName: run.name, datasetId: run.datasetId, architecture: { kind: 'segformer', size: 'mini' }, classes: 19,
    parameters: 3_700_000, init: { kind: 'random' }, config: { ...DISTILLATION_DEFAULTS, steps }, provider: 'cpu', jobId: job.id, scoreKind: null,
    estimatedPeakBytes: 1e9, warnings: [], panoramas: panoramas.map((panorama) => ({ panoramaId: panorama.id, heldOut: false, weight: 1 })),
  })
  addLossPoints(db, id, Array.from({ length: steps }, (_, index) => pointAt(index + 1, seededRandom(index))))
  updateDistillation(db, id, { step: steps, imagesPerSecond: 5 })
  return id
}

function pointAt(step: number, random: () => number): LossPoint {
  const term = (): number => (2 + random()) / Math.sqrt(step)
  const terms = { image: term(), window: term(), confident: term(), boundary: term() }
  return { step, terms, loss: Object.values(terms).reduce((sum, each) => sum + each, 0), learningRate: 5e-4, gradientNorm: 1 + random(), imagesPerSecond: 5 }
}

/** Milliseconds from the wish to see a run until its curve is there. */
async function open(page: Page, id: string): Promise<number> {
  await page.evaluate(() => {
    location.hash = '#/distil'
  })
  await page.getByRole('button', { name: 'Distil a student' }).first().waitFor()
  return page.evaluate(async (run) => {
    const begun = performance.now()
    const curve = '[aria-label="Loss over the steps"] path.recharts-line-curve'
    location.hash = `#/distil/${run}`
    for (let frames = 0; frames < 2;) {
      if (document.querySelector(curve) !== null) frames++
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
    return performance.now() - begun
  }, id)
}

/** Milliseconds from each click on the axis' switch until the second frame after it. */
function redraws(page: Page): Promise<number[]> {
  return page.evaluate(async (times) => {
    const axis = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Log')
    if (axis === undefined) throw new Error('the page has no switch for its axis')
    const taken: number[] = []
    for (let time = 0; time < times; time++) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const begun = performance.now()
      axis.click()
      for (let frames = 0; frames < 2; frames++) await new Promise((resolve) => requestAnimationFrame(resolve))
      taken.push(performance.now() - begun)
    }
    return taken
  }, REDRAWS)
}
