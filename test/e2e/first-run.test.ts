import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeUntrainedModels } from '../support/untrained-models.ts'
import { openWindow, type StudioWindow } from './window.ts'

/**
 * The first run on a machine that has nothing: the whole job on generated streets, small. With the built-in models where they
 * are complete; else with networks that were never trained.
 */
const BUILTIN = ['nano-sam', 'street-ta', 'mit-b0'].map((name) => resolve(import.meta.dirname, '../../resources/models', name, 'model.safetensors'))
const SETTINGS = [['Panoramas', 3], ['Width', 256], ['Training width', 128], ['Training steps', 60]] as const
/** whatever else the machine does meanwhile */
const PATIENT = { timeout: 240_000 } as const

describe('the first run', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let window: StudioWindow
  let page: Page
  let broken = false
  const problems: string[] = []

  const open = async (): Promise<void> => {
    window = await openWindow('browser', join(folder.path, 'workspace'))
    page = window.page
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
  }
  beforeAll(async () => {
    folder = await temporaryFolder()
    if (!BUILTIN.every((file) => existsSync(file))) process.env['GOODSAM_MODELS'] = await writeUntrainedModels(join(folder.path, 'models'))
    await open()
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
    delete process.env['GOODSAM_MODELS']
    await window?.close()
    await folder?.remove()
  })

  it('is offered where nothing is, and begins with one key press', async () => {
    const offer = page.getByRole('region', { name: 'Try it on generated streets' })
    await offer.getByRole('button', { name: 'Change what it makes' }).click()
    for (const [field, value] of SETTINGS) await page.getByRole('textbox', { name: field, exact: true }).fill(String(value))
    await offer.getByRole('button', { name: 'Try it on generated streets' }).focus()
    await page.keyboard.press('Enter')
    await step('Draw streets').getByText(/Under way|Waits/).waitFor()
    for (const title of ['Draw streets', 'Label them', 'Score what there is so far', 'Distil a student', 'Score the student']) await step(title).waitFor()
  })

  it('shows the streets as they are drawn, and the first fused label', async () => {
    await page.getByRole('group', { name: 'Drawn streets' }).getByRole('img').first().waitFor(PATIENT)
    const label = page.getByRole('group', { name: 'First labelled streets' }).getByRole('img', { name: /^Fused label of streets_000001_000000/ })
    await label.waitFor(PATIENT)
    // painted in the colours of classes, not left empty
    await expect.poll(() => label.evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
      return new Set(Array.from({ length: width * height }, (_, pixel) => data.subarray(4 * pixel, 4 * pixel + 3).join())).size
    }), PATIENT).toBeGreaterThan(1)
  })

  it('is the same in a reloaded window, and goes on when the program was closed meanwhile', async () => {
    await page.reload()
    await step('Draw streets').getByText(/^Done/).waitFor()
    await window.close()
    await open()
    // the datasets are no longer empty: the tour has its own place
    await page.getByRole('heading', { name: 'Datasets' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('o')
    await step('Label them').getByText(/^Done/).waitFor(PATIENT)
  })

  it('stops and goes on', async () => {
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped. What was finished is kept').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('Stopped. What was finished is kept').waitFor({ state: 'hidden' })
  })

  it('ends with before and after against the hidden truth, in numbers and pictures', async () => {
    await page.getByText('Before and after, against the hidden truth').waitFor(PATIENT)
    const table = page.getByRole('table', { name: 'Before and after' })
    for (const name of ['Student before', 'TA', 'Fused labels', 'Student after']) {
      const row = table.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
      expect(await row.innerText()).toMatch(/\d+\.\d %/)
    }
    await page.getByRole('button', { name: 'IoU per class' }).click()
    await page.getByRole('row').filter({ hasText: 'vegetation' }).waitFor()
    const pictures = page.getByRole('group', { name: /^Pictures of streets_000001/ })
    for (const name of ['Hidden truth', 'Student before', 'TA', 'Fused labels', 'Student after']) await pictures.getByRole('img', { name: new RegExp(`^${name} on`) }).waitFor()
    const first = await pictures.getAttribute('aria-label')
    await page.getByRole('radiogroup', { name: 'Panorama' }).getByText('2', { exact: true }).click()
    await expect.poll(() => page.getByRole('group', { name: /^Pictures of streets_000001/ }).getAttribute('aria-label')).not.toBe(first)
  })

  it('marks the built-in models as what they are', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^Models/ }).click()
    await page.getByText(/Built in: knows generated streets; for real ones choose from the catalogue/).first().waitFor()
    expect(problems).toEqual([])
  })

  function step(title: string) {
    return page.getByRole('list', { name: 'Steps of the tour' }).getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  }
})
