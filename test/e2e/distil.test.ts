import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { unzipSync } from 'fflate'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { goodsamJson } from '../support/command-line.ts'
import { PAINTED, paintedTrainId, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openWindow, type StudioWindow } from './window.ts'

/**
 * From pseudo-labels to files that someone can use, as a person does it in the window: distil, watch, pause, come back,
 * go on, evaluate, compare, export, download. The steps share one window and build on one another.
 */
const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const PANORAMAS = ['corner', 'crossing', 'bridge', 'market', 'station', 'harbour'] as const
/** so many that the run is still under way when its page has been drawn, looked at and left again */
const STEPS = 400
/** whatever else the machine does meanwhile */
const PATIENT = { timeout: 60_000 } as const

/** What an export of a SegFormer holds. */
const EXPORTED = [
  'README.md', 'config.json', 'labels.json', 'model.safetensors', 'onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx', 'parity.json',
  'preprocessor_config.json', 'sample/expected.png', 'sample/run.mjs', 'sample/run.py',
]

describe('from labels to an exported student', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let window: StudioWindow
  let page: Page
  let broken = false
  const problems: string[] = []

  beforeAll(async () => {
    folder = await temporaryFolder()
    const [images, labels, workspace] = ['images', 'labels', 'workspace'].map((name) => join(folder.path, name))
    await mkdir(labels)
    for (const [index, name] of PANORAMAS.entries()) {
      const roll = 72 * index
      await writePaintedPanorama(images, name, roll)
      await writeFile(join(labels, `${name}.png`), writeGreyPng(paintedTruth(roll)))
    }
    await goodsamJson(['init', workspace])
    await goodsamJson(['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'colour-ta.onnx'), '--name', 'colours'])
    await goodsamJson(['import', workspace, images, '--dataset', 'streets', '--labels', labels])
    await goodsamJson(['label', workspace, '--dataset', 'streets', '--ta', 'colours', '--ta-only', '--provider', 'cpu', '--name', 'by colour'])
    window = await openWindow('browser', workspace)
    page = window.page
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
  })
  beforeEach(({ skip }) => {
    if (broken) skip('an earlier step failed')
  })
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    broken = true
    await page.screenshot({ path: resolve(import.meta.dirname, `../../test-results/${task.name.replaceAll(/\W+/g, '-')}.png`) })
  })
  afterAll(async () => {
    await window?.close()
    await folder?.remove()
  })

  it('says what a run takes, and starts it', async () => {
    await goTo('Distil')
    await page.getByRole('button', { name: 'Distil a student' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('mini')
    for (const [field, value] of [['Height', 64], ['Width', 128], ['Steps', STEPS], ['Batch', 1]] as const) {
      await dialog.getByRole('textbox', { name: field, exact: true }).fill(String(value))
    }
    const takes = dialog.getByRole('complementary', { name: 'What it takes' })
    await takes.getByText(/^5 panoramas$/).waitFor()
    await takes.getByText(/1 more held out/).waitFor()
    await dialog.getByRole('button', { name: 'Distil', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
  })

  it('draws the curve while it learns', async () => {
    const curve = page.getByRole('region', { name: 'Loss' }).locator('path.recharts-line-curve').first()
    await curve.waitFor(PATIENT)
    const before = await curve.getAttribute('d')
    await expect.poll(() => curve.getAttribute('d'), PATIENT).not.toBe(before)
  })

  it('pauses, keeps its place over a reload, and goes on', async () => {
    await control('Pause').click()
    await control('Resume').waitFor(PATIENT)
    const step = await stepAtRest()
    expect(step).toBeGreaterThan(0)
    expect(step).toBeLessThan(STEPS)
    await page.getByRole('radiogroup', { name: 'Learning rate factor' }).getByText('× 0.5', { exact: true }).click()
    await expect.poll(() => factShown('Learning rate'), PATIENT).toContain('× 0.5')
    await page.reload()
    await control('Resume').waitFor()
    expect(await stepShown()).toBe(step)
    expect(await factShown('Learning rate')).toContain('× 0.5')
    await control('Resume').click()
    await expect.poll(stepShown, PATIENT).toBeGreaterThan(step)
  })

  it('ends with a student', async () => {
    await expect.poll(stepShown, { timeout: 240_000 }).toBe(STEPS)
    await control('Pause').waitFor({ state: 'hidden', ...PATIENT })
    await page.getByRole('link', { name: 'Open the student' }).click()
    await page.getByRole('heading', { name: 'Where it comes from' }).waitFor()
    const origin = page.getByRole('region', { name: 'Where it comes from' })
    expect(await origin.innerText()).toMatch(/by colour[\s\S]*streets[\s\S]*random weights/)
  })

  it('scores it against the truth', async () => {
    await page.getByRole('button', { name: 'Evaluate', exact: true }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Evaluate', exact: true }).click()
    await page.getByRole('heading', { name: 'Confusion matrix' }).waitFor(PATIENT)
    expect(await shareShown('pixelAccuracy')).toBeGreaterThan(60)
    expect(await shareShown('miou')).toBeGreaterThan(10)
    for (const name of PANORAMAS) await page.getByRole('button', { name, exact: true }).waitFor()
    await painted(page.getByRole('img', { name: /^mini on/ }))
  })

  it('holds it against its teacher', async () => {
    await goTo('Models')
    await page.getByRole('button', { name: 'Evaluate', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Evaluate', exact: true }).click()
    await page.getByRole('heading', { name: 'Confusion matrix' }).waitFor(PATIENT)
    await goTo('Evaluations')
    for (const name of ['colours', 'mini']) await page.getByRole('checkbox', { name: `Choose ${name} on streets` }).check()
    await page.getByRole('button', { name: 'Compare 2' }).click()
    await page.getByRole('heading', { name: 'Panorama by panorama' }).waitFor()
    await painted(page.getByRole('img', { name: /^Difference on/ }))
  })

  it('exports it, and the zip that is downloaded is what the window says', async () => {
    await goTo('Students')
    await page.getByRole('link', { name: 'mini', exact: true }).click()
    await page.getByRole('button', { name: 'Export', exact: true }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
    const link = page.getByRole('link', { name: /^Download zip/ })
    await link.waitFor(PATIENT)
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    expect(download.suggestedFilename()).toBe('mini.zip')
    const zipped = withoutTopFolder(unzipSync(await readFile(await download.path())))
    expect(Object.keys(zipped)).toEqual(expect.arrayContaining(EXPORTED))

    // each file is the one that was measured, in the zip and in the folder
    const exported = page.getByRole('article', { name: /^Export to/ })
    const written = await exported.getByTestId('export-folder').innerText()
    const rows = await exported.getByRole('row').filter({ has: page.getByRole('cell') }).allInnerTexts()
    expect(rows.length).toBeGreaterThanOrEqual(EXPORTED.length)
    for (const row of rows) {
      const [name] = row.split('\t')
      expect(row).toContain(sha256(zipped[name]).slice(0, 8))
      expect(sha256(await readFile(join(written, name)))).toBe(sha256(zipped[name]))
    }
    const agreement = /onnx\/model\.onnx\t[^\t]+\t([\d.]+) %/.exec(rows.join('\n'))?.[1]
    expect(Number(agreement)).toBeGreaterThanOrEqual(99.99)
    expect(problems).toEqual([])
  })

  async function goTo(name: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}`) }).click()
  }

  /** A button of the run's job. */
  function control(name: string): Locator {
    return page.getByRole('group', { name: /^Control/ }).getByRole('button', { name })
  }

  /** Updates done, as the run's page tells them. */
  async function stepShown(): Promise<number> {
    return Number((await factShown('Step')).split('of')[0].replaceAll(/\D/g, ''))
  }

  /** Updates done, when the page has heard of the last one. */
  async function stepAtRest(): Promise<number> {
    for (let step = await stepShown(); ;) {
      await page.waitForTimeout(2000)
      const later = await stepShown()
      if (later === step) return step
      step = later
    }
  }

  function factShown(name: string): Promise<string> {
    return page.locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd').first().innerText()
  }

  async function shareShown(metric: string): Promise<number> {
    return Number.parseFloat(await page.getByTestId(metric).innerText())
  }
})

/** The canvas holds more than one colour. */
async function painted(canvas: Locator): Promise<void> {
  await canvas.scrollIntoViewIfNeeded()
  const colours = (): Promise<number> => canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement
    const data = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? []
    return new Set(Array.from({ length: data.length / 4 }, (_, k) => `${data[4 * k]} ${data[4 * k + 1]} ${data[4 * k + 2]}`)).size
  })
  await expect.poll(colours, { timeout: 20_000 }).toBeGreaterThan(1)
}

function paintedTruth(roll: number): { width: number; height: number; data: Uint8Array } {
  const { width, height } = PAINTED
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, k) => paintedTrainId(k % width, Math.floor(k / width), roll)) }
}

/** Files of a zip by their path, below the one folder that holds all of them where there is one. */
function withoutTopFolder(files: Record<string, Uint8Array>): Record<string, Uint8Array> {
  const names = Object.keys(files)
  const top = names[0].slice(0, names[0].indexOf('/') + 1)
  const common = top !== '' && names.every((name) => name.startsWith(top)) ? top : ''
  return Object.fromEntries(names.filter((name) => !name.endsWith('/')).map((name) => [name.slice(common.length), files[name]]))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
