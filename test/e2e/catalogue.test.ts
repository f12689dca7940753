import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startModelHub, type ModelHub, type ModelHubOptions } from '../support/model-hub.ts'
import { writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeUntrainedModels } from '../support/untrained-models.ts'
import { openWindow, type StudioWindow } from './window.ts'

/**
 * Models for real streets, from the catalogue to a labelling run and a student, as a person does it in the window. The hub is one of
 * this machine that serves test models. The steps share one window and build on one another.
 */
const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const WEIGHTS = resolve(import.meta.dirname, '../fixtures/segformer-tiny.golden.safetensors')
const SAM = 'Xenova/slimsam-77-uniform'
const TA = 'Xenova/segformer-b0-finetuned-cityscapes-1024-1024'
const FIRST_WEIGHTS = 'nvidia/mit-b0'
/** whatever else the machine does meanwhile */
const PATIENT = { timeout: 120_000 } as const

describe('models for real streets', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let window: StudioWindow
  let page: Page
  let hub: ModelHub
  /** an address where nothing listens */
  let nobody: string
  const hubOptions: ModelHubOptions = {}
  let broken = false
  const problems: string[] = []

  beforeAll(async () => {
    folder = await temporaryFolder()
    hub = await startModelHub({
      [`${SAM}/onnx/vision_encoder.onnx`]: join(MODELS, 'wand-sam', 'vision_encoder.onnx'),
      [`${SAM}/onnx/prompt_encoder_mask_decoder.onnx`]: join(MODELS, 'wand-sam', 'prompt_encoder_mask_decoder.onnx'),
      [`${SAM}/README.md`]: Buffer.from('not asked for'),
      [`${FIRST_WEIGHTS}/model.safetensors`]: WEIGHTS,
    }, hubOptions)
    const gone = await startModelHub({})
    nobody = gone.url
    await gone.close()
    process.env['GOODSAM_MODELS'] = await writeUntrainedModels(join(folder.path, 'models'))
    await writePaintedPanorama(join(folder.path, 'street'), 'corner')
    await writePaintedPanorama(join(folder.path, 'street'), 'crossing', 136)
    window = await openWindow('browser', workspace())
    page = window.page
    page.setDefaultTimeout(30_000)
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
    delete process.env['GOODSAM_MODELS']
    await window?.close()
    await hub?.close()
    await folder?.remove()
  })

  it('takes the address of a mirror, and nothing that is none', async () => {
    await goTo('Settings')
    const field = page.getByRole('textbox', { name: 'Model hub' })
    expect(await field.getAttribute('placeholder')).toBe('https://huggingface.co')
    await type(field, 'my mirror')
    await page.getByText('An address that begins with http:// or https://').waitFor()
    await type(field, nobody)
    await page.getByText('An address that begins with').waitFor({ state: 'hidden' })
    await expect.poll(async () => {
      await page.reload()
      return field.inputValue()
    }, PATIENT).toBe(nobody)
  })

  it('shows on the empty page what there is, with its licence, before anything is asked of a hub', async () => {
    await goTo('Models')
    await page.getByRole('heading', { name: 'No models yet' }).waitFor()
    for (const repo of [SAM, TA, FIRST_WEIGHTS]) {
      expect(await entry(repo).innerText()).toMatch(/Licence: \S+/)
      expect(await entry(repo).getByRole('link', { name: repo }).getAttribute('href')).toBe(`https://huggingface.co/${repo}`)
    }
    const folded = entry('nvidia/segformer-b5-finetuned-cityscapes-1024-1024')
    expect(await folded.count()).toBe(0)
    await page.getByRole('region', { name: 'Teacher assistants' }).getByRole('button', { name: /others/ }).click()
    await folded.waitFor()
    await page.getByRole('region', { name: 'Built-in models' }).getByText('nano-sam').waitFor()
    expect(hub.requests).toEqual([])
  })

  it('says when the hub does not answer, and where files are put by hand', async () => {
    await entry(SAM).getByRole('button', { name: `Download ${SAM}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('The model hub does not answer').waitFor()
    await dialog.getByText(join(workspace(), 'downloads', 'Xenova--slimsam-77-uniform')).waitFor()
    await dialog.getByText('vision_encoder.onnx').first().waitFor()
    await dialog.getByRole('button', { name: 'Ask again' }).click()
    await dialog.getByText('The model hub does not answer').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await goTo('Settings')
    await type(page.getByRole('textbox', { name: 'Model hub' }), hub.url)
  })

  it('tells licence and sizes before the download, then how far it is; paused, it goes on where it was', async () => {
    const sizes = await Promise.all(['vision_encoder', 'prompt_encoder_mask_decoder'].map(async (name) => (await readFile(join(MODELS, 'wand-sam', `${name}.onnx`))).length))
    hubOptions.bytesPerSecond = 900
    await goTo('Models')
    await entry(SAM).getByRole('button', { name: `Download ${SAM}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Apache-2.0 (SlimSAM)').waitFor()
    for (const bytes of [...sizes, sizes[0] + sizes[1]]) await dialog.getByRole('cell', { name: kibibytes(bytes) }).first().waitFor()
    expect(await dialog.getByRole('table', { name: 'Files' }).innerText()).not.toContain('README')
    await dialog.getByRole('button', { name: /^Download/ }).click()
    await dialog.waitFor({ state: 'hidden' })

    await expect.poll(() => progressShown(SAM), PATIENT).toBeGreaterThan(5)
    await control(SAM, 'Pause').click()
    await entry(SAM).getByText(/^Paused/).waitFor(PATIENT)
    const before = transfers(SAM).length
    await control(SAM, 'Resume').click()
    await entry(SAM).getByRole('link', { name: 'added' }).waitFor(PATIENT)
    hubOptions.bytesPerSecond = undefined
    // what had come before the pause was not asked for again
    expect(transfers(SAM)[before]).toMatch(/^bytes=[1-9]\d*-/)
  })

  it('added it as a model like any other, and keeps the catalogue beside it', async () => {
    await entry(SAM).getByRole('link', { name: 'added' }).click()
    await page.getByRole('heading', { name: 'slimsam-77-uniform' }).waitFor()
    await page.getByRole('article', { name: 'vision_encoder.onnx' }).waitFor()
    await page.getByText('A teacher assistant (TA) is still missing').waitFor()
    await page.getByRole('link', { name: 'Models for real streets' }).click()
    await entry('nvidia/segformer-b5-finetuned-cityscapes-1024-1024').waitFor()
  })

  it('says why a download failed, and takes what was put there by hand', async () => {
    await entry(TA).getByRole('button', { name: `Download ${TA}` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('The hub does not have it').waitFor()
    const placed = await dialog.getByText(join(workspace(), 'downloads')).innerText()
    await dialog.getByRole('button', { name: 'Download' }).click()
    await entry(TA).getByText('The download stopped').waitFor(PATIENT)
    await mkdir(placed, { recursive: true })
    await writeFile(join(placed, 'model.onnx'), await readFile(join(MODELS, 'colour-ta.onnx')))
    await entry(TA).getByRole('button', { name: /^Try again/ }).click()
    await entry(TA).getByRole('link', { name: 'added' }).waitFor(PATIENT)
  })

  it('downloads first weights', async () => {
    await entry(FIRST_WEIGHTS).getByRole('button', { name: `Download ${FIRST_WEIGHTS}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: /^Download/ }).click()
    await entry(FIRST_WEIGHTS).getByText('downloaded; Distil offers it').waitFor(PATIENT)
    await goTo('Jobs')
    await page.getByRole('list', { name: 'Jobs' }).getByText(`Download ${FIRST_WEIGHTS}`).click()
    await page.getByRole('link', { name: 'Open the catalogue' }).click()
    await entry(FIRST_WEIGHTS).waitFor()
  })

  it('chooses for real streets what knows them, and warns of what does not', async () => {
    for (const name of ['nano-sam', 'street-ta', 'mit-b0']) {
      await goTo('Models')
      await page.getByRole('button', { name: `Add ${name}` }).click()
      await page.getByText(/Built in: knows generated streets; for real ones choose from the catalogue/).last().waitFor(PATIENT)
      await page.getByRole('heading', { name, exact: true }).waitFor()
    }
    await importStreets()
    await goTo('Labelling')
    await page.getByRole('button', { name: 'Start labelling' }).first().click()
    const dialog = page.getByRole('dialog')
    const chosen = (name: string): Promise<string> => dialog.getByRole('combobox', { name }).or(dialog.getByRole('textbox', { name })).first().inputValue()
    expect(await chosen('SAM')).toBe('slimsam-77-uniform')
    expect(await chosen('Teacher assistant')).toBe('segformer-b0-finetuned-cityscapes-1024-1024')
    const warning = dialog.getByText(/knows generated streets; for real ones/)
    expect(await warning.count()).toBe(0)
    await choose(dialog, 'Teacher assistant', 'street-ta (built in)')
    await warning.waitFor()
    await choose(dialog, 'Teacher assistant', 'segformer-b0-finetuned-cityscapes-1024-1024')
    await warning.waitFor({ state: 'hidden' })
    await dialog.getByRole('button', { name: 'Start labelling' }).click()
    await page.getByText('2 to review').waitFor(PATIENT)
  })

  it('offers the downloaded weights to a student', async () => {
    await goTo('Distil')
    await page.getByRole('button', { name: 'Distil a student' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radiogroup', { name: 'Begin with' }).getByText('Safetensors file').click()
    await dialog.getByRole('group', { name: 'Downloaded first weights' }).getByRole('button', { name: FIRST_WEIGHTS }).click()
    await dialog.getByText('nvidia--mit-b0.safetensors').waitFor()
    expect(problems).toEqual([])
  })

  function workspace(): string {
    return join(folder.path, 'workspace')
  }

  async function goTo(name: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}`) }).click()
  }

  function entry(repo: string): Locator {
    return page.getByRole('article', { name: repo, exact: true })
  }

  function control(repo: string, name: string): Locator {
    return entry(repo).getByRole('group', { name: /^Control/ }).getByRole('button', { name, exact: true })
  }

  async function progressShown(repo: string): Promise<number> {
    return Number(await entry(repo).getByRole('progressbar').getAttribute('aria-valuenow'))
  }

  /** Ranges of a repository's files that were asked for, but for the one byte that only tells the size. */
  function transfers(repo: string): string[] {
    return hub.requests.filter(({ path, range }) => path.startsWith(`/${repo}/`) && range !== 'bytes=0-0').map(({ range }) => range ?? 'all')
  }

  async function importStreets(): Promise<void> {
    await goTo('Datasets')
    await page.getByRole('button', { name: 'Import folder' }).first().click()
    const dialog = page.getByRole('dialog')
    await type(dialog.getByRole('textbox', { name: 'Folder path' }), join(folder.path, 'street'))
    await dialog.getByText('2 images directly in this folder').waitFor()
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await page.getByText('crossing').first().waitFor(PATIENT)
  }

  async function choose(dialog: Locator, label: string, option: string): Promise<void> {
    await dialog.getByRole('combobox', { name: label }).or(dialog.getByRole('textbox', { name: label })).first().click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }
})

async function type(field: Locator, text: string): Promise<void> {
  await field.fill(text)
  await field.press('Enter')
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
