import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CatalogueEntry } from '../../src/contract/catalogue-schemas.ts'
import type { Client } from '../../src/contract/procedures.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { builtinModels } from '../../src/main/models/builtin-models.ts'
import { sha256OfFile } from '../../src/main/artifacts/durable-files.ts'
import { finished, settled } from '../support/jobs.ts'
import { startModelHub, type ModelHub, type ModelHubOptions } from '../support/model-hub.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Entries of the catalogue from a hub on this machine, whose files are small models of the same kinds. */

const WAND = resolve(import.meta.dirname, '../fixtures/models/wand-sam')
const SAM = 'Xenova/slimsam-77-uniform'
const SEGFORMER = 'nvidia/segformer-b0-finetuned-cityscapes-1024-1024'
const INIT = 'nvidia/mit-b0'
const MIT = builtinModels().find(({ name }) => name === 'mit-b0')!.folder

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let workspace: string
let hub: ModelHub
let options: ModelHubOptions
let studio: Studio
let client: Client
beforeEach(async () => {
  folder = await temporaryFolder()
  workspace = join(folder.path, 'workspace')
  options = {}
  hub = await startModelHub({
    [`${SAM}/onnx/vision_encoder.onnx`]: join(WAND, 'vision_encoder.onnx'),
    [`${SAM}/onnx/prompt_encoder_mask_decoder.onnx`]: join(WAND, 'prompt_encoder_mask_decoder.onnx'),
    [`${SAM}/onnx/model_quantized.onnx`]: Buffer.from('not asked for'),
    [`${SEGFORMER}/config.json`]: join(MIT, 'config.json'),
    [`${SEGFORMER}/model.safetensors`]: join(MIT, 'model.safetensors'),
    [`${INIT}/model.safetensors`]: join(MIT, 'model.safetensors'),
  }, options)
  await open()
  await client.call('settings.set', { provider: 'cpu', cpuThreads: 1, hubUrl: hub.url })
})
afterEach(async () => {
  await studio?.close()
  await hub?.close()
  await folder?.remove()
})

async function open(): Promise<void> {
  studio = await composeStudio({ workspace, create: true, queue: 'all' })
  client = studio.client
}

async function entry(repo: string): Promise<CatalogueEntry> {
  return (await client.call('models.catalogue', {})).find((one) => one.repo === repo)!
}

async function download(repo: string): Promise<string> {
  return (await client.call('models.download', { repo })).jobId
}

/** Resolves when so many bytes of the encoder have come. */
async function underWay(jobId: string): Promise<void> {
  await new Promise<void>((settle) => {
    const end = client.subscribe('on.jobs', {}, ({ id, progress }) => {
      if (id !== jobId || progress < 0.05) return
      end()
      settle()
    })
  })
}

const fetched = () => hub.requests.filter(({ path, range }) => path.includes('/resolve/') && range !== 'bytes=0-0')

describe('models.download', () => {
  it('a SAM: what is listed is fetched, checked and added, and nothing else stays', async () => {
    expect(await entry(SAM)).toMatchObject({ kind: 'sam', licence: 'Apache-2.0 (SlimSAM)', modelId: null })
    const { files, bytes } = await client.call('models.catalogueFiles', { repo: SAM })
    expect(files.map(({ name }) => name).toSorted()).toEqual(['onnx/prompt_encoder_mask_decoder.onnx', 'onnx/vision_encoder.onnx'])
    expect(bytes).toBe(files.reduce((sum, file) => sum + file.bytes, 0))

    const job = await finished(client, await download(SAM))
    expect(job).toMatchObject({ kind: 'download', done: 2, total: 2, failed: 0, subjectId: SAM })
    const [model] = await client.call('models.list', {})
    expect(model).toMatchObject({ name: 'slimsam-77-uniform', kind: 'sam', dialect: 'sam-transformers-js' })
    expect((await entry(SAM)).modelId).toBe(model.id)
    const original = await Promise.all(['vision_encoder.onnx', 'prompt_encoder_mask_decoder.onnx'].map(async (name) => (await sha256OfFile(join(WAND, name))).hash))
    expect(model.files.map(({ sha256 }) => sha256).toSorted()).toEqual(original.toSorted())
    expect(await readdir(join(workspace, 'downloads'))).toEqual([])

    // removed as any other model, it can be had again
    await client.call('models.remove', { model: model.id })
    expect((await entry(SAM)).modelId).toBeNull()
    await finished(client, await download(SAM))
    expect((await entry(SAM)).modelId).not.toBeNull()
  })

  it('a TA that was published as weights becomes a network, and first weights a file that students can begin with', async () => {
    await finished(client, await download(SEGFORMER))
    const [model] = await client.call('models.list', {})
    expect(model).toMatchObject({ name: 'segformer-b0-finetuned-cityscapes-1024-1024', kind: 'ta', dialect: 'semantic', classes: 19 })
    // the very network that the program makes of the same weights
    const builtin = await client.call('models.addBuiltin', { name: 'mit-b0' })
    expect(builtin.id).toBe(model.id)

    await finished(client, await download(INIT))
    const { weightsFile, modelId } = await entry(INIT)
    expect(modelId).toBeNull()
    expect((await readFile(weightsFile!)).equals(await readFile(join(MIT, 'model.safetensors')))).toBe(true)
  })

  it('paused, closed and opened again, it goes on where it was; cancelled, nothing of a part stays', async () => {
    options.bytesPerSecond = 20_000
    const jobId = await download(SAM)
    await underWay(jobId)
    await client.call('jobs.pause', { jobId })
    expect((await settled(client, jobId)).state).toBe('paused')
    const [part] = (await readdir(join(workspace, 'downloads', SAM.replace('/', '--')))).filter((name) => name.endsWith('.part'))
    expect(part).toBeDefined()
    const { length } = await readFile(join(workspace, 'downloads', SAM.replace('/', '--'), part))
    await studio.close()
    await open()
    const asked = fetched().length
    delete options.bytesPerSecond
    expect(await download(SAM)).toBe(jobId)
    await finished(client, jobId)
    expect(fetched()[asked].range).toMatch(new RegExp(`^bytes=${length}-`))

    options.bytesPerSecond = 400_000
    const cancelled = await download(SEGFORMER)
    await underWay(cancelled)
    await client.call('jobs.cancel', { jobId: cancelled })
    expect((await settled(client, cancelled)).state).toBe('cancelled')
    await expect.poll(async () => (await readdir(join(workspace, 'downloads'), { recursive: true })).filter((name) => name.endsWith('.part'))).toEqual([])
    expect(await client.call('models.list', {})).toHaveLength(1)
  })

  it('without a hub it says so, and takes files that a person put there', async () => {
    await hub.close()
    const jobId = await download(SAM)
    expect(await settled(client, jobId)).toMatchObject({ state: 'failed', errorCode: 'network', error: expect.stringMatching(/does not answer.*Or put vision_encoder\.onnx and .* into .*downloads/) })
    await expect(client.call('models.catalogueFiles', { repo: SAM })).rejects.toMatchObject({ code: 'network' })
    const place = join(workspace, 'downloads', SAM.replace('/', '--'))
    await mkdir(place, { recursive: true })
    for (const name of ['vision_encoder.onnx', 'prompt_encoder_mask_decoder.onnx']) await writeFile(join(place, name), await readFile(join(WAND, name)))
    expect(await download(SAM)).toBe(jobId)
    await finished(client, jobId)
    expect((await entry(SAM)).modelId).not.toBeNull()
    expect((await client.call('jobs.log', { jobId, afterSeq: 0 })).some(({ level, message }) => level === 'warn' && message.includes('not checked'))).toBe(true)
  })

  it('what the hub does not have is named, with what there is', async () => {
    await expect(client.call('models.download', { repo: 'no/body' })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining(SAM) })
    const job = await settled(client, await download('nvidia/mit-b1'))
    expect(job).toMatchObject({ state: 'failed', errorCode: 'not-found', error: expect.stringContaining('nvidia/mit-b1') })
    expect(await client.call('models.list', {})).toEqual([])
  })

  it('weights that are none are refused by their name', async () => {
    await hub.close()
    const place = join(workspace, 'downloads', 'nvidia--mit-b0')
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'model.safetensors'), 'nothing')
    const job = await settled(client, await download(INIT))
    expect(job).toMatchObject({ state: 'failed', errorCode: 'bad-model', error: expect.stringContaining(join(place, 'model.safetensors')) })
    expect((await entry(INIT)).weightsFile).toBeNull()
  })
})
