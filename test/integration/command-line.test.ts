import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Dataset, Evaluation, LabellingRun, LabelsExport, LabelStats, Model, Panorama, RefusedFile } from '../../src/contract/schemas.ts'
import { readLabelPng, writeIndexedPng } from '../../src/core/formats/indexed-png.ts'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'
import { goodsam, goodsamJson } from '../support/command-line.ts'
import { agreementWithPainting, PAINTED, paintedTrainId, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The built command line as scripts use it: JSON on stdout, logs on stderr, exit codes. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')
const SAM = [join(MODELS, 'wand-sam/vision_encoder.onnx'), join(MODELS, 'wand-sam/prompt_encoder_mask_decoder.onnx')]
const TA = join(MODELS, 'colour-ta.onnx')

interface LabelResult {
  run: string
  panoramas: (LabelStats & { name: string; width: number; height: number })[]
  failed: { name: string; message: string }[]
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let workspace: string
let images: string

beforeAll(async () => {
  folder = await temporaryFolder()
  workspace = join(folder.path, 'workspace')
  images = join(folder.path, 'street')
  await writePaintedPanorama(images, 'corner')
  await writePaintedPanorama(images, 'crossing', 136)
  await writeFile(join(images, 'empty.jpg'), '')
})
afterAll(() => folder?.remove())

describe('the main job', () => {
  it('init, models add, import', async () => {
    expect(await goodsamJson(['init', workspace])).toMatchObject({ path: workspace })
    const sam = await goodsamJson<Model & { inputs: { name: string }[]; outputs: { name: string }[] }>(['models', 'add', workspace, '--kind', 'sam', ...SAM])
    expect(sam).toMatchObject({ kind: 'sam', dialect: 'sam-transformers-js', name: 'wand-sam' })
    expect(sam.inputs.map(({ name }) => name)).toContain('input_points')
    expect(sam.outputs.map(({ name }) => name)).toContain('pred_masks')
    expect(await goodsamJson(['models', 'add', workspace, '--kind', 'ta', TA, '--name', 'colours'])).toMatchObject({ dialect: 'semantic', classes: 19 })
    expect((await goodsamJson<Model[]>(['models', 'list', workspace])).map(({ name }) => name)).toEqual(['wand-sam', 'colours'])

    const imported = await goodsamJson<{ dataset: Dataset; panoramas: Panorama[]; refused: RefusedFile[] }>(['import', workspace, images, '--dataset', 'street'])
    expect(imported.panoramas.map(({ name, width, height }) => [name, width, height])).toEqual([['corner', 512, 256], ['crossing', 512, 256]])
    expect(imported.panoramas[0].projection).toMatchObject({ hfovDeg: 360, vfovDeg: 180, cyclic: true, source: 'aspect' })
    expect(imported.refused).toHaveLength(1)
    expect(imported.refused[0].message).toMatch(/empty\.jpg.*0 bytes|empty\.jpg.*empty/)
  })

  it('labels, and another theta re-runs fusion alone', async () => {
    const label = ['label', workspace, '--dataset', 'street', '--sam', 'wand-sam', '--ta', 'colours', '--provider', 'cpu']
    const first = await goodsamJson<LabelResult>(label)
    expect(first.panoramas.map(({ name, width, height }) => [name, width, height])).toEqual([['corner', 512, 256], ['crossing', 512, 256]])
    for (const panorama of first.panoramas) {
      expect(panorama).toMatchObject({ provider: 'cpu', cached: { embeddings: 0, masks: false, semantics: false } })
      expect(panorama.masks).toBeGreaterThan(20)
      expect(panorama.coverage).toBeGreaterThan(0.9)
      expect(panorama.meanConfidence).toBeGreaterThan(0.9)
      expect(panorama.ortSeconds).toBeGreaterThan(0)
      expect(panorama.seconds).toBeGreaterThanOrEqual(panorama.ortSeconds)
    }
    const again = await goodsamJson<LabelResult>([...label, '--theta', '0.8'])
    for (const panorama of again.panoramas) expect(panorama).toMatchObject({ ortSeconds: 0, cached: { masks: true, semantics: true } })

    // fewer prompts: masks again, from the embeddings that were kept
    const fewer = await goodsamJson<LabelResult>([...label, '--points-per-side', '8'])
    expect(fewer.panoramas[0].cached).toEqual({ embeddings: 24, masks: false, semantics: true })
  })

  it('labels through gnomonic windows, too', async () => {
    const result = await goodsamJson<LabelResult>(['label', workspace, '--dataset', 'street', '--sam', 'wand-sam', '--ta', 'colours', '--provider', 'cpu', '--windows', 'gnomonic'])
    for (const panorama of result.panoramas) {
      // nothing that was made of rectangles is used
      expect(panorama).toMatchObject({ cached: { embeddings: 0, masks: false, semantics: false } })
      expect(panorama.coverage).toBeGreaterThan(0.9)
    }
    const runs = await goodsamJson<LabellingRun[]>(['runs', 'list', workspace])
    const run = runs.find(({ name }) => name === 'street goodsam gnomonic')
    expect(run?.config.windows).toEqual([{ name: 'gnomonic', widthFraction: 0.25, heightFraction: null, strideFraction: 0.5 }])
    const out = join(folder.path, 'gnomonic')
    await goodsamJson<LabelsExport>(['labels', 'export', workspace, '--run', 'street goodsam gnomonic', '--format', 'cityscapes', '--out', out])
    for (const [name, roll] of [['corner', 0], ['crossing', 136]] as const) {
      const trainIds = readLabelPng(await readFile(join(out, 'gtFine', 'default', name, `${name}_gtFine_labelTrainIds.png`)))
      // the networks' cells are 5.6 degrees wide: 8 px
      expect(agreementWithPainting(trainIds, { roll, rimPx: 8 })).toBeGreaterThan(0.98)
    }
  })

  it('says so when the filters keep almost nothing', async () => {
    const result = await goodsam(['label', workspace, '--dataset', 'street', '--sam', 'wand-sam', '--ta', 'colours', '--provider', 'cpu', '--pred-iou', '0.99'])
    expect(result.code).toBe(0)
    expect(result.stderr).toMatch(/^warning: corner: of \d+ masks .*predicted IoU/im)
    expect(result.stderr).toMatch(/^warning: crossing: of \d+ masks .*predicted IoU/im)
    const runs = await goodsamJson<LabellingRun[]>(['runs', 'list', workspace])
    expect(runs.flatMap(({ warnings }) => warnings)).toEqual(['2 panoramas kept almost no masks (first: corner). Lower the filters of wand-sam, or of this run.'])
  })

  it('labels with the TA alone', async () => {
    const result = await goodsamJson<LabelResult>(['label', workspace, '--dataset', 'street', '--ta', 'colours', '--ta-only', '--provider', 'cpu'])
    for (const panorama of result.panoramas) expect(panorama).toMatchObject({ masks: 0, coverage: 0, disagreement: 0 })
  })

  it('exports files that hold what was painted, and evaluates them against it', async () => {
    await goodsamJson(['label', workspace, '--dataset', 'street', '--sam', 'wand-sam', '--ta', 'colours', '--provider', 'cpu', '--recipe', 'goodsam++', '--name', 'plus'])
    const out = join(folder.path, 'export')
    const done = await goodsamJson<LabelsExport>(['labels', 'export', workspace, '--run', 'last', '--format', 'cityscapes', '--out', out])
    expect(done).toMatchObject({ folder: out, panoramas: 2, skipped: [] })
    expect(readdirSync(join(out, 'gtFine', 'default', 'corner')).sort()).toEqual(
      ['color', 'confidence', 'labelIds', 'labelTrainIds', 'provenance'].map((kind) => `corner_gtFine_${kind}.png`))
    for (const [name, roll] of [['corner', 0], ['crossing', 136]] as const) {
      const stem = join(out, 'gtFine', 'default', name, `${name}_gtFine`)
      const trainIds = readLabelPng(await readFile(`${stem}_labelTrainIds.png`))
      const labelIds = readLabelPng(await readFile(`${stem}_labelIds.png`))
      expect(agreementWithPainting(trainIds, { roll, rimPx: 6 })).toBeGreaterThan(0.99)
      expect([...labelIds.data]).toEqual([...trainIds.data].map((id) => CITYSCAPES.classes[id].labelId))
    }

    const truth = join(folder.path, 'truth')
    await writeTruth(truth)
    const scores = await goodsamJson<Evaluation>(['evaluate', 'labels', workspace, '--run', 'plus', '--truth', truth])
    expect(scores.panoramas).toBe(2)
    // borders are as coarse as the network's stride; large regions are right but for their rims
    expect(scores.pixelAccuracy).toBeGreaterThan(0.95)
    for (const name of ['road', 'sky', 'building']) {
      expect(scores.perClass.find((row) => row.name === name)?.iou, name).toBeGreaterThan(0.9)
    }
    expect(scores.perClass.filter(({ iou }) => iou !== null).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['road', 'sidewalk', 'building', 'vegetation', 'sky', 'car']))
    expect(scores.seamConsistency).toBeGreaterThan(0.95)
  })
})

describe('exit codes and errors', () => {
  it.each([
    ['no such command', ['frobnicate']],
    ['a missing option', ['import', 'w', 'f']],
    ['a number out of range', ['label', 'w', '--dataset', 'd', '--ta', 't', '--ta-only', '--theta', '7']],
    ['no angle', ['import', 'w', 'f', '--dataset', 'd', '--hfov', '0']],
    ['a token that can be guessed', ['serve', 'w', '--token', '']],
    ['neither SAM nor --ta-only', ['label', 'w', '--dataset', 'd', '--ta', 't']],
  ])('2: %s', async (_what, args) => {
    const result = await goodsam(args)
    expect(result.code).toBe(2)
    expect(result.stdout).toBe('')
    expect(result.stderr).toMatch(/error:/)
  })

  it('0: --help everywhere', async () => {
    for (const command of [[], ['init'], ['models', 'add'], ['models', 'list'], ['import'], ['label'], ['labels', 'export'], ['evaluate', 'labels'], ['serve']]) {
      const result = await goodsam([...command, '--help'])
      expect(result.code).toBe(0)
      expect(result.stdout).toMatch(/^Usage: goodsam/)
    }
  })

  it.each([
    ['a workspace that is none', () => ['models', 'list', images], /not a workspace.*goodsam init/],
    ['a dataset that is not there', () => ['label', workspace, '--dataset', 'streat', '--sam', 'wand-sam', '--ta', 'colours'], /no dataset "streat".*"street"/],
    ['a TA where a SAM belongs', () => ['label', workspace, '--dataset', 'street', '--sam', 'colours', '--ta', 'colours'], /"colours" is a TA model/],
    ['a text file as model', () => ['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'bad/not-a-model.onnx')], /not-a-model\.onnx/],
    ['another signature', () => ['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'bad/other-signature.onnx')], /other-signature\.onnx[\s\S]*inputs:[\s\S]*Expected[\s\S]*pixel_values/],
    ['wrong dimensions', () => ['models', 'add', workspace, '--kind', 'sam', SAM[0], join(MODELS, 'bad/decoder-of-another-encoder.onnx')], /do not belong together/],
    ['a model that is not there', () => ['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'nowhere.onnx')], /nowhere\.onnx/],
    ['a folder without images', () => ['import', workspace, MODELS, '--dataset', 'none'], /no image/i],
  ])('3: %s', async (_what, args, message) => {
    const result = await goodsam([...args(), '--json'])
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(message)
    expect(JSON.parse(result.stdout)).toHaveProperty('error.message')
    expect(readdirSync(join(workspace, 'models')).some((name) => name.endsWith('.part'))).toBe(false)
  })

  it('3: a model whose outputs are NaN is named, and the batch has no half-written result', async () => {
    await goodsamJson(['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'bad/nan-ta.onnx')])
    const result = await goodsam(['label', workspace, '--dataset', 'street', '--ta', 'nan-ta', '--ta-only', '--provider', 'cpu'])
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/nan-ta.*logits/s)
  })

  it('3: a second process on the same workspace is told who has it', async () => {
    const server = spawn(process.execPath, [resolve(import.meta.dirname, '../../out/main/cli.js'), 'serve', workspace], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await new Promise((ready) => server.stdout.once('data', ready))
      const result = await goodsam(['models', 'list', workspace])
      expect(result.code).toBe(3)
      expect(result.stderr).toContain(`${server.pid}`)
    } finally {
      const gone = new Promise((settle) => server.once('exit', settle))
      server.kill('SIGTERM')
      await gone
    }
  })
})

describe('kill -9 in the middle of an import', () => {
  it('the same command goes on and imports every file once', async () => {
    const total = 60
    const many = join(folder.path, 'many-files')
    const large = { width: 2048, height: 1024 }
    for (let index = 0; index < total; index++) {
      const data = new Uint8Array(3 * large.width * large.height).fill(4 * index)
      await mkdir(many, { recursive: true })
      await sharp(data, { raw: { ...large, channels: 3 } }).png({ compressionLevel: 1 }).toFile(join(many, `frame_${index}.png`))
    }
    const command = ['import', workspace, many, '--dataset', 'frames']
    await killAfter(command, /^[1-9]\d?\/60/m)
    const half = (await goodsamJson<Dataset[]>(['datasets', 'list', workspace])).find(({ name }) => name === 'frames')
    expect(half?.panoramas).toBeGreaterThan(0)
    expect(half?.panoramas).toBeLessThan(total)
    const again = await goodsamJson<{ dataset: Dataset; panoramas: Panorama[] }>(command)
    expect(again.panoramas).toHaveLength(total)
    expect(again.dataset.id).toBe(half?.id)
  })
})

describe('kill -9 in the middle of a run', () => {
  it('the same command goes on with the next panorama and redoes none', async () => {
    const many = join(folder.path, 'many')
    await mkdir(many)
    for (let index = 0; index < 8; index++) await writePaintedPanorama(many, `frame_${index}`, 8 * index)
    await goodsamJson(['import', workspace, many, '--dataset', 'many'])
    const label = ['label', workspace, '--dataset', 'many', '--sam', 'wand-sam', '--ta', 'colours', '--provider', 'cpu', '--name', 'interrupted']

    // three panoramas are finished, the fourth is under way
    await killAfter(label, /^3\/8/m)

    const runs = await goodsamJson<{ name: string; done: number; id: string }[]>(['runs', 'list', workspace])
    const before = runs.find(({ name }) => name === 'interrupted')
    expect(before?.done).toBeGreaterThanOrEqual(3)
    const resumed = await goodsam([...label, '--json'])
    expect(resumed.code).toBe(0)
    const result = JSON.parse(resumed.stdout) as LabelResult
    expect(result.run).toBe(before?.id)
    expect(result.panoramas).toHaveLength(8)
    // it starts where the killed one was: finished ones are not labelled again
    expect(resumed.stderr).toMatch(new RegExp(`^${before?.done}/8`, 'm'))
    expect(resumed.stderr).not.toMatch(/^0\/8/m)
    // what the killed engine was writing goes when the workspace is opened after its end
    await goodsamJson(['runs', 'list', workspace])
    expect(existsSync(join(workspace, 'artifacts', 'tmp')) ? readdirSync(join(workspace, 'artifacts', 'tmp')) : []).toEqual([])
  })
})

async function writeTruth(root: string): Promise<void> {
  const { width, height } = PAINTED
  const palette = Array.from({ length: 256 }, (_, id) => CITYSCAPES.classes[id]?.color ?? ([0, 0, 0] as const))
  for (const [name, roll] of [['corner', 0], ['crossing', 136]] as const) {
    const data = Uint8Array.from({ length: width * height }, (_, p) => paintedTrainId(p % width, Math.floor(p / width), roll))
    await mkdir(join(root, name), { recursive: true })
    await writeFile(join(root, name, `${name}_gtFine_labelTrainIds.png`), writeIndexedPng({ width, height, data }, palette))
  }
}

/** Runs a command until stderr shows the pattern, and kills it there. Fails when it ends by itself. */
async function killAfter(args: readonly string[], pattern: RegExp): Promise<void> {
  const victim = spawn(process.execPath, [resolve(import.meta.dirname, '../../out/main/cli.js'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<string | null>((settle) => victim.once('exit', (_code, signal) => settle(signal)))
  let printed = ''
  victim.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (pattern.test(printed)) victim.kill('SIGKILL')
  })
  expect(await ended, printed).toBe('SIGKILL')
}
