import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { decode } from 'fast-png'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Dataset, Panorama } from '../../src/contract/schemas.ts'
import { readLabelPng } from '../../src/core/formats/indexed-png.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { getDataset } from '../../src/main/store/datasets.ts'
import { getJob } from '../../src/main/store/jobs.ts'
import { listPanoramas } from '../../src/main/store/panoramas.ts'
import { goodsam, goodsamJson } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Generated streets through the built command line, and processes that are killed while they draw. */

const CLI = resolve(import.meta.dirname, '../../out/main/cli.js')
const SMALL = ['--size', '128x64', '--seed', '9']

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder?.remove())

async function tree(root: string): Promise<Record<string, string>> {
  const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const entries = await Promise.all(files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path.slice(root.length + 1), createHash('sha256').update(await readFile(path)).digest('hex')] as const
  }))
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

describe('synth', () => {
  it('draws a folder that the import takes with its truth and its place on the sphere', async () => {
    const out = join(folder.path, 'wide')
    const drawn = await goodsamJson<{ images: number; fovDeg: number }>(['synth', out, '--count', '2', '--size', '256x50', '--depth', '--split', 'val'])
    expect(drawn).toMatchObject({ images: 2, drawn: 2, fovDeg: 70.3125, view: 'panorama', style: 'target', seed: 1, split: 'val' })
    const workspace = join(folder.path, 'workspace')
    await goodsamJson(['init', workspace])
    const { dataset, panoramas, refused } = await goodsamJson<{ dataset: Dataset; panoramas: Panorama[]; refused: unknown[] }>(
      ['import', workspace, out, '--dataset', 'streets', '--labels', join(out, 'gtFine')])
    expect(dataset).toMatchObject({ panoramas: 2, withTruth: 2, generated: null })
    expect(refused).toEqual([])
    expect(panoramas[0]).toMatchObject({
      name: 'streets_000001_000000', split: 'val', warnings: [],
      projection: { hfovDeg: 360, vfovDeg: 70.3125, horizonOffsetPx: 0, cyclic: true, source: 'gpano' },
    })
    // sky at the top of the view, and nothing but classes
    const truth = readLabelPng(await readFile(join(out, 'gtFine/val/streets/streets_000001_000000_gtFine_labelTrainIds.png')))
    expect([...new Set(truth.data)].every((id) => id <= 18 || id === 255)).toBe(true)
    const depth = decode(await readFile(join(out, 'gtFine/val/streets/streets_000001_000000_gtFine_depth.png')))
    expect(depth).toMatchObject({ width: 256, height: 50, channels: 1, depth: 16 })
    expect(new Set([...truth.data.keys()].filter((pixel) => truth.data[pixel] === 10).map((pixel) => depth.data[pixel]))).toEqual(new Set([65535]))
  })

  it('gives the same pixels for the same seed, whatever stopped it and however often', async () => {
    const whole = join(folder.path, 'whole')
    await goodsamJson(['synth', whole, '--count', '6', ...SMALL])
    const parts = join(folder.path, 'parts')
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const child = spawn(process.execPath, [CLI, 'synth', parts, '--count', '6', ...SMALL], { stdio: ['ignore', 'ignore', 'pipe'] })
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (/[1-5]\/6/.test(said)) child.kill(signal)
      })
      await once(child, 'close')
    }
    const rest = await goodsamJson<{ drawn: number }>(['synth', parts, '--count', '6', ...SMALL])
    expect(rest.drawn).toBeLessThan(6)
    expect(await tree(parts)).toEqual(await tree(whole))
    const other = await goodsam(['synth', parts, '--count', '6', '--size', '128x64', '--seed', '10'])
    expect(other).toMatchObject({ code: 3, stderr: expect.stringMatching(/other settings/) })
  })

  it('draws what a street camera sees, in both styles', async () => {
    for (const style of ['source', 'target']) {
      const out = join(folder.path, `camera-${style}`)
      expect(await goodsamJson(['synth', out, '--count', '1', '--view', 'pinhole', '--style', style, ...SMALL])).toMatchObject({ images: 1, view: 'pinhole', fovDeg: 90 })
    }
    const images = await Promise.all(['source', 'target'].map((style) => readFile(join(folder.path, `camera-${style}`, 'leftImg8bit/train/streets/streets_000009_000000_leftImg8bit.png'))))
    expect(images[0]!.equals(images[1]!)).toBe(false)
  })

  it.each([[['--count', '0']], [['--count', '1', '--size', '12x6']], [['--count', '1', '--fov', '181']], [['--count', '1', '--view', 'fisheye']]])('refuses %j', async (options) => {
    expect((await goodsam(['synth', join(folder.path, 'none'), ...options])).code).toBe(2)
  })
})

describe('a host that is killed while it generates a dataset', () => {
  let workspace: string
  afterEach(async () => {
    expect((await readdir(join(workspace, 'artifacts', 'tmp')).catch(() => [])).length).toBe(0)
  })

  it('goes on with the next panorama when it is opened again', async () => {
    workspace = join(folder.path, 'killed')
    openStore(workspace, { create: true }).close()
    const run = async (kill: boolean): Promise<string[]> => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'generate-host.ts'), workspace])
      const lines: string[] = []
      child.stderr.on('data', (text) => process.stderr.write(text))
      child.stdout.on('data', (chunk: Buffer) => {
        lines.push(...chunk.toString().trim().split('\n'))
        if (kill && lines.some((line) => /^running [2-4]$/.test(line))) child.kill('SIGKILL')
      })
      await once(child, 'close')
      return lines
    }
    await run(true)
    const look = () => {
      const store = openStore(workspace, { create: false })
      const dataset = getDataset(store.read, 'killed')
      const { panoramas } = listPanoramas(store.read, dataset.id, { offset: 0, limit: 100 })
      const job = getJob(store.read, String(store.read.get('SELECT id FROM jobs')?.id))
      store.close()
      return { dataset, panoramas, job }
    }
    const before = look()
    expect(before.panoramas.length).toBeGreaterThan(1)
    expect(before.panoramas.length).toBeLessThan(8)
    expect(before.job.state).toBe('running')

    await run(false)
    const after = look()
    expect(after.job).toMatchObject({ state: 'done', done: 8, attempts: 2 })
    expect(after.panoramas.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => `streets_000002_00000${index}`))
    // what was drawn before is what it was
    expect(after.panoramas.slice(0, before.panoramas.length)).toEqual(before.panoramas)
    const truth = await readdir(join(workspace, 'truth', after.dataset.id))
    expect(truth).toHaveLength(8)
  })
})
