import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readLabelPng } from '../../src/core/formats/indexed-png.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import { agreementWithPainting, PAINTED, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { canOpen, openWindow, warnWithoutElectron, WINDOW_KINDS, type StudioWindow } from './window.ts'

/**
 * The main job as a person does it: import, add models, label, look, move theta, accept, export. The steps share one
 * window and build on one another.
 */
warnWithoutElectron()

const MODELS = resolve(import.meta.dirname, '../fixtures/models')

for (const kind of WINDOW_KINDS) describe.skipIf(!canOpen(kind))(`the main job in the ${kind} window`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let window: StudioWindow
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    folder = await temporaryFolder()
    const images = join(folder.path, 'street')
    await writePaintedPanorama(images, 'corner')
    await writePaintedPanorama(images, 'crossing', 136)
    await writeFile(join(images, 'notes.png'), 'this is no picture')
    window = await openWindow(kind, join(folder.path, 'workspace'))
    page = window.page
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
  })
  afterEach(async ({ task }) => {
    // what the window looked like when a step failed
    if (task.result?.state === 'fail') await page.screenshot({ path: resolve(import.meta.dirname, `../../test-results/${task.name.replaceAll(/\W+/g, '-')}.png`) })
  })
  afterAll(async () => {
    await window?.close()
    await folder?.remove()
  })

  it('starts empty and says what to do', async () => {
    await page.getByRole('button', { name: 'Import folder' }).first().waitFor()
    expect(await page.getByRole('main').innerText()).toMatch(/no datasets|import/i)
  })

  it('imports a folder and refuses the file that is no picture', async () => {
    await page.getByRole('button', { name: 'Import folder' }).first().click()
    const dialog = page.getByRole('dialog')
    await type(dialog.getByRole('textbox', { name: 'Folder path' }), join(folder.path, 'street'))
    await dialog.getByText('3 images directly in this folder').waitFor()
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('crossing').first().waitFor()
    await page.getByText('Refused 1').click()
    await page.getByText(/notes\.png/).first().waitFor()
  })

  it('adds the models, and says why a file that is no model is refused', async () => {
    await addModel('Teacher assistant', join(MODELS, 'bad'), ['not-a-model.onnx'])
    await page.getByRole('dialog').getByText(/not-a-model\.onnx/).last().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await addModel('Teacher assistant', MODELS, ['colour-ta.onnx'])
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await addModel('SAM', join(MODELS, 'wand-sam'), ['vision_encoder.onnx', 'prompt_encoder_mask_decoder.onnx'])
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  it('labels the dataset and shows the progress', async () => {
    await goTo('Labelling')
    await page.getByRole('button', { name: 'Start labelling' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Start labelling' }).click()
    // the run's page: both panoramas get their doubt when they are done
    await page.getByText('2 to review').waitFor({ timeout: 120_000 })
  })

  it('explains the pixel under the cursor', async () => {
    await page.getByRole('button', { name: /^corner/ }).click()
    const road = await hover({ x: 0.5, y: 0.9 })
    expect(road).toMatch(/road/)
    expect(road).toMatch(/SAM majority/)
    expect(road).toMatch(/majority road \d+ %/)
    expect(await hover({ x: 0.02, y: 0.55 })).toMatch(/vegetation/)
  })

  it('redraws the label live when theta moves, and takes it back', async () => {
    const slider = page.getByRole('slider', { name: 'Theta' })
    await slider.focus()
    await page.keyboard.press('End')
    await page.getByText(/Preview, drawn in \d+ ms/).waitFor()
    await page.getByRole('button', { name: /^Back to/ }).click()
    await page.getByText('As the run was made.').waitFor()
  })

  it('reviews with the keyboard and undoes', async () => {
    await page.getByRole('button', { name: /^corner/ }).click()
    await page.keyboard.press('Enter')
    await page.getByText('1 accepted').waitFor()
    await page.keyboard.press('Control+z')
    await page.getByText('0 accepted').waitFor()
    await page.getByRole('button', { name: /^corner/ }).click()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByText('1 accepted').waitFor()
  })

  it('exports what the window showed', async () => {
    await page.getByRole('button', { name: /^corner/ }).click()
    const shown = await labelColoursOnScreen()
    await page.getByRole('button', { name: 'Export' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Export', exact: true }).click()
    const exported = await dialog.getByTestId('export-folder').innerText()
    await dialog.getByRole('button', { name: 'Done' }).click()

    const stem = join(exported, 'gtFine', 'default', 'corner', 'corner_gtFine')
    const trainIds = readLabelPng(await readFile(`${stem}_labelTrainIds.png`))
    expect([trainIds.width, trainIds.height]).toEqual([PAINTED.width, PAINTED.height])
    expect(agreementWithPainting(trainIds, { rimPx: 6 })).toBeGreaterThan(0.99)
    const colours = await sharp(`${stem}_color.png`).removeAlpha().raw().toBuffer()
    expect(shown.length).toBe(35)
    for (const { x, y, rgb } of shown) {
      const at = 3 * (y * PAINTED.width + x)
      expect({ x, y, rgb }).toEqual({ x, y, rgb: [...colours.subarray(at, at + 3)] })
      expect(rgb).toEqual([...CITYSCAPES.classes[trainIds.data[y * PAINTED.width + x]].color])
    }
  })

  it('keeps the review over a reload', async () => {
    await page.reload()
    await page.getByText('1 accepted').waitFor()
    expect(problems).toEqual([])
  })

  async function goTo(name: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}`) }).click()
  }

  async function addModel(what: 'SAM' | 'Teacher assistant', from: string, files: readonly string[]): Promise<void> {
    await goTo('Models')
    await page.getByRole('button', { name: 'Add model' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radiogroup', { name: 'Kind of model' }).getByText(what === 'SAM' ? 'SAM (masks)' : 'Teacher assistant (classes)').click()
    await type(dialog.getByRole('textbox', { name: 'Folder path' }), from)
    for (const file of files) await dialog.getByRole('checkbox', { name: file }).check()
    await dialog.getByRole('button', { name: 'Add model' }).click()
  }

  /** Where the panorama is drawn on the canvas: fitted to its width or its height, in the middle. */
  async function panoramaBox(): Promise<{ x: number; y: number; width: number; height: number }> {
    const box = await page.getByRole('img', { name: 'Panorama', exact: true }).boundingBox()
    if (box === null) throw new Error('the panorama is not shown')
    const scale = Math.min(box.width / PAINTED.width, box.height / PAINTED.height)
    const [width, height] = [PAINTED.width * scale, PAINTED.height * scale]
    return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height }
  }

  /** Points at a place of the panorama (fractions of its size) and returns what the inspector says. */
  async function hover(place: { x: number; y: number }): Promise<string> {
    const box = await panoramaBox()
    const inspector = page.getByText('Under the cursor').locator('xpath=ancestor::*[3]')
    await page.mouse.move(box.x + place.x * box.width - 3, box.y + place.y * box.height)
    await page.mouse.move(box.x + place.x * box.width, box.y + place.y * box.height)
    await page.waitForTimeout(500)
    return inspector.innerText()
  }

  /**
   * Colours on the screen with nothing but the fused label drawn, at a grid of points, with the panorama's pixel that
   * the window itself names under the cursor.
   */
  async function labelColoursOnScreen(): Promise<{ x: number; y: number; rgb: number[] }[]> {
    const opacity = page.getByRole('slider', { name: 'Opacity of Fused label' })
    await opacity.focus()
    await page.keyboard.press('End')
    await page.waitForTimeout(500)
    const box = await panoramaBox()
    const readout = page.getByText(/^x \d+, y \d+/)
    const points: { left: number; top: number; x: number; y: number }[] = []
    for (let row = 0; row < 5; row++) {
      for (let column = 0; column < 7; column++) {
        const left = Math.round(box.x + ((column + 0.5) / 7) * box.width)
        const top = Math.round(box.y + ((row + 0.5) / 5) * box.height)
        await page.mouse.move(left, top)
        await page.waitForTimeout(40)
        const [, x, y] = /x (\d+), y (\d+)/.exec(await readout.innerText()) ?? []
        points.push({ left, top, x: Number(x), y: Number(y) })
      }
    }
    await page.mouse.move(5, 5)
    await page.waitForTimeout(300)
    const screen = await sharp(await page.screenshot()).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    return points.map(({ left, top, x, y }) => {
      const at = 3 * (top * screen.info.width + left)
      return { x, y, rgb: [...screen.data.subarray(at, at + 3)] }
    })
  }
})

async function type(field: Locator, text: string): Promise<void> {
  await field.fill(text)
  await field.press('Enter')
}
