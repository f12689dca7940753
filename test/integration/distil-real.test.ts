import { execFileSync } from 'node:child_process'
import { copyFile, cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LossPoint, Student, StudentExport } from '../../src/contract/training-schemas.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { finished } from '../support/jobs.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/**
 * From unlabelled street panoramas to files that other programs load: the real TA and promptable segmenter label them,
 * 300 updates of Mini from random weights learn the labels, and the student is scored against them like any other.
 */
warnWithoutRealData('distillation of real panoramas')

const MODULES = resolve(import.meta.dirname, '../../node_modules')
/** Two squares by day, so that each is seen 150 times; labels that are noisier (neuer_zollhof) take more than 300 updates. */
const PANORAMAS = ['cambridge.jpg', 'potsdamer_platz.jpg']
const STEPS = 300
const SIZE = { height: 256, width: 768 }
/** Updates whose mean is the beginning and the end of a curve: single ones scatter. */
const ENDS = 20
const LEAST_AGREEMENT = 0.85

describe.skipIf(!REAL.present)('distilling real panoramas', () => {
  let studio: Studio
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let student: Student
  let points: readonly LossPoint[]

  beforeAll(async () => {
    folder = await temporaryFolder()
    const images = join(folder.path, 'images')
    await mkdir(images)
    for (const name of PANORAMAS) await copyFile(join(REAL.panoramas, name), join(images, name))
    studio = await composeStudio({ workspace: join(folder.path, 'workspace'), create: true, queue: 'all' })
    const { client } = studio
    await client.call('settings.set', { provider: 'cpu' })
    await client.call('models.add', { kind: 'sam', files: [REAL.samEncoder, REAL.samDecoder], name: null })
    await client.call('models.add', { kind: 'ta', files: [REAL.ta], name: 'espnet' })
    await finished(client, (await client.call('datasets.import', { folder: images, name: 'real', labelsFolder: null, hfovDeg: null, vfovDeg: null })).jobId)
    const labels = await client.call('runs.start', {
      dataset: 'real', sam: 'nano-sam', ta: 'espnet', recipe: 'goodsam', name: 'labels', theta: null, samSettings: { pointsPerSide: 8 }, provider: 'cpu',
    })
    await finished(client, labels.jobId)
    const { distillationId, jobId } = await client.call('distillations.start', {
      run: 'labels', student: 'mini', init: 'random', name: 'student', provider: 'cpu',
      config: {
        ...SIZE, steps: STEPS, batch: 1, learningRate: 5e-4, warmupSteps: 15, heldOut: 0,
        checkpointEvery: STEPS, sampleEvery: STEPS,
        augmentation: { yaw: true, flip: false, jitter: 0, scale: [1, 1] },
      },
    })
    await finished(client, jobId)
    points = (await client.call('distillations.curve', { distillation: distillationId, afterStep: 0, maxPoints: 1000 })).points
    student = await client.call('students.get', { student: 'student' })
  }, 1_200_000)
  afterAll(async () => {
    await studio?.close()
    await folder?.remove()
  })

  it('every term of the loss falls', () => {
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
    for (const term of ['image', 'window', 'confident', 'boundary']) {
      expect(mean(points.slice(-ENDS), term), term).toBeLessThan(mean(points.slice(0, ENDS), term))
    }
  })

  it('the student agrees with the fused labels', async () => {
    const { client } = studio
    const truth = join(folder.path, 'truth')
    await client.call('labels.export', { run: 'labels', format: 'cityscapes', out: truth })
    const { evaluationId, jobId } = await client.call('evaluations.start', {
      subject: { student: student.id }, dataset: 'real', truth, mode: 'whole', provider: 'cpu',
    })
    await finished(client, jobId)
    const { result, perPanorama } = await client.call('evaluations.get', { evaluationId })
    expect(perPanorama).toHaveLength(PANORAMAS.length)
    expect(result?.pixelAccuracy).toBeGreaterThanOrEqual(LEAST_AGREEMENT)
  })

  it('its export agrees with the checkpoint, and the Node sample runs on it in an empty folder', async () => {
    const { client } = studio
    const { exportId, jobId } = await client.call('students.export', { student: student.id, out: join(folder.path, 'out'), zip: false })
    await finished(client, jobId)
    const exported = (await client.call('students.exports', { student: student.id })).find(({ id }) => id === exportId) as StudentExport
    expect(exported.warnings).toEqual([])
    const networks = exported.files.filter(({ parity }) => parity !== null)
    expect(networks.length).toBeGreaterThanOrEqual(3)
    for (const { name, parity } of networks) expect(parity?.ok, name).toBe(true)

    const empty = join(folder.path, 'empty')
    await mkdir(empty)
    await cp(exported.folder, join(empty, 'student'), { recursive: true })
    await symlink(MODULES, join(empty, 'node_modules'))
    const output = execFileSync(process.execPath, ['run.mjs'], { cwd: join(empty, 'student/sample'), encoding: 'utf8' })
    expect(Number(/expected\.png on ([\d.]+) %/.exec(output)?.[1])).toBeGreaterThan(99.9)
    expect(await readdir(join(empty, 'student/sample'))).toContain('prediction.png')
  })
})

function mean(points: readonly LossPoint[], term: string): number {
  return points.reduce((sum, { terms }) => sum + terms[term], 0) / points.length
}
