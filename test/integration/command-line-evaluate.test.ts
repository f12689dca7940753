import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison, EvaluationRecord } from '../../src/contract/training-schemas.ts'
import { writeGreyPng } from '../../src/core/formats/indexed-png.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { goodsam, goodsamJson } from '../support/command-line.ts'
import { addStudentFrom } from '../support/evaluation-host.ts'
import { PAINTED, paintedTrainId, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** evaluate student, evaluate ta and compare of the built command line. */

const MODELS = resolve(import.meta.dirname, '../fixtures/models')

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let workspace: string

beforeAll(async () => {
  folder = await temporaryFolder()
  workspace = join(folder.path, 'workspace')
  const [images, labels] = ['images', 'labels'].map((name) => join(folder.path, name))
  await mkdir(labels)
  for (const [name, roll] of [['corner', 0], ['crossing', 136]] as const) {
    await writePaintedPanorama(images, name, roll)
    const { width, height } = PAINTED
    const data = Uint8Array.from({ length: width * height }, (_, i) => paintedTrainId(i % width, Math.floor(i / width), roll))
    await writeFile(join(labels, `${name}.png`), writeGreyPng({ width, height, data }))
  }
  await goodsamJson(['init', workspace])
  await goodsamJson(['models', 'add', workspace, '--kind', 'ta', join(MODELS, 'colour-ta.onnx'), '--name', 'colours'])
  await goodsamJson(['import', workspace, images, '--dataset', 'streets', '--labels', labels])
  await goodsamJson(['label', workspace, '--dataset', 'streets', '--ta', 'colours', '--ta-only', '--provider', 'cpu', '--name', 'by colour'])
  const store = openStore(workspace, { create: false })
  await addStudentFrom({ store, artifacts: openArtifactStore(store.paths.artifacts) }, join(MODELS, 'colour-ta-dynamic.onnx'), { height: 256, width: 512 })
  store.close()
}, 120_000)
afterAll(() => folder?.remove())

describe('evaluate', () => {
  it('student: numbers as JSON, and as a table', async () => {
    const record = await goodsamJson<EvaluationRecord>(['evaluate', 'student', workspace, '--student', 'mini', '--provider', 'cpu'])
    expect(record).toMatchObject({ status: 'done', subject: { kind: 'student', name: 'mini' }, datasetName: 'streets', mode: 'whole' })
    expect(record.result!.panoramas).toBe(2)
    expect(record.result!.pixelAccuracy).toBeGreaterThan(0.97)
    expect(record.perPanorama.map(({ name }) => name)).toEqual(['corner', 'crossing'])
    const { code, stdout } = await goodsam(['evaluate', 'student', workspace, '--student', 'last', '--dataset', 'streets', '--mode', 'sliding', '--provider', 'cpu'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^mini on streets \(sliding, \d+ ms per panorama\)\nmIoU \d+\.\d % over 2 panoramas/)
    expect(stdout).toMatch(/\ncorner +\d+\.\d % +\d+\.\d %/)
  }, 60_000)

  it('ta', async () => {
    const record = await goodsamJson<EvaluationRecord>(['evaluate', 'ta', workspace, '--model', 'colours', '--dataset', 'streets', '--mode', 'sliding', '--provider', 'cpu'])
    expect(record).toMatchObject({ subject: { kind: 'ta', name: 'colours' }, mode: 'sliding', status: 'done' })
    expect(record.result!.pixelAccuracy).toBeGreaterThan(0.98)
  }, 60_000)

  it.each([
    ['no such student', ['student', '--student', 'maxi'], 3, /no student "maxi"/],
    ['no such folder', ['student', '--student', 'mini', '--truth', '/nowhere'], 3, /\/nowhere does not exist/],
    ['no dataset', ['ta', '--model', 'colours'], 2, /--dataset/],
    ['no such mode', ['student', '--student', 'mini', '--mode', 'half'], 2, /whole, sliding/],
  ])('%s', async (_, [what, ...options], code, message) => {
    const result = await goodsam(['evaluate', what, workspace, ...options])
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)])
  }, 60_000)
})

function compare(...subjects: string[]): Promise<Comparison> {
  return goodsamJson(['compare', workspace, ...subjects, '--mode', 'sliding', '--provider', 'cpu'])
}

describe('compare', () => {
  it('evaluates what is missing, once', async () => {
    const first = await compare('colours', 'mini', 'by colour')
    expect(first.evaluations.map(({ subject }) => `${subject.kind} ${subject.name}`)).toEqual(['ta colours', 'student mini', 'run by colour'])
    expect(first.perPanorama).toHaveLength(2)
    // the run's labels are what the TA says by windows
    expect(first.evaluations[2].result!.miou).toBe(first.evaluations[0].result!.miou)
    const again = await compare('ta:colours', 'student:mini', 'run:by colour')
    expect(again.evaluations.map(({ id }) => id)).toEqual(first.evaluations.map(({ id }) => id))
  }, 120_000)

  it('prints a table with differences', async () => {
    const { code, stdout } = await goodsam(['compare', workspace, 'by colour', 'mini', '--mode', 'sliding', '--provider', 'cpu'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/On streets; in brackets the difference to by colour, in points/)
    expect(stdout).toMatch(/\nmIoU +\d+\.\d % +\d+\.\d % \([+-]\d+\.\d\)/)
    expect(stdout).toMatch(/\nroad +\d+\.\d % +\d+\.\d % \([+-]\d+\.\d\)/)
  }, 60_000)

  it.each([
    ['a name that nothing has', ['mini', 'maxi'], /no student, TA or labelling run "maxi".*"mini"/],
    ['TA models alone, without a dataset', ['colours', 'ta:colours'], /Name the dataset/],
  ])('%s', async (_, subjects, message) => {
    const result = await goodsam(['compare', workspace, ...subjects])
    expect([result.code, result.stderr]).toEqual([3, expect.stringMatching(message)])
  }, 60_000)
})
