/** The models that come with the program: what their files hold, what becomes of them, and whether they are as good as they say. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { scoreNetwork } from '../../builtin/segformer-score.ts'
import { drawStreet, HELD_OUT_STREETS, worldName } from '../../builtin/street-images.ts'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { loadWeights } from '../../src/core/networks/segformer/weights.ts'
import { signatureOf } from '../../src/main/engine/ort-values.ts'
import { type BuiltinModel, builtinModels, expandBuiltinModel } from '../../src/main/models/builtin-models.ts'
import { recogniseDialect } from '../../src/main/models/dialects.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const models = builtinModels()

describe('built-in models', () => {
  it('take at most 12 MB together', () => {
    const bytes = models.flatMap(({ folder }) => readdirSync(folder).map((file) => statSync(join(folder, file)).size))
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(12e6)
  })

  it.each(models)('$name keeps its weights in 16 bits', ({ folder }) => {
    const { tensors } = readSafetensors(readFileSync(join(folder, 'model.safetensors')))
    expect(new Set(Object.values(tensors).map(({ dtype }) => dtype))).toEqual(new Set(['F16']))
  })

  it.each(models)('$name becomes files that are recognised and that run', async (model) => {
    const folder = await temporaryFolder()
    try {
      const { files, weights } = await expandBuiltinModel(model, join(folder.path, model.name))
      const signatures = []
      for (const path of files) {
        const session = await InferenceSession.create(path, { logSeverityLevel: 3 })
        signatures.push({ name: path, ...signatureOf(session) })
        await session.release()
      }
      const { dialect } = recogniseDialect(signatures, model.kind === 'sam' ? 'sam' : 'ta')
      expect(dialect).toBe(model.kind === 'sam' ? 'sam-transformers-js' : 'semantic')
      if (model.kind === 'initial') expect(() => loadWeights(studentConfig('mini', 19), readSafetensors(readFileSync(weights ?? '')))).not.toThrow()
    } finally {
      await folder.remove()
    }
  })

  it.each(models.filter(({ kind }) => kind !== 'sam'))('$name is as good on street images as its record says', async (model) => {
    const record = JSON.parse(await readFile(join(model.folder, 'training.json'), 'utf8')) as { world: string; check: { images: number; miou: number } }
    const folder = await temporaryFolder()
    try {
      const { files } = await expandBuiltinModel(model, folder.path)
      const { miou } = await scoreNetwork(await readFile(files[0]), 19, { images: heldOut, count: record.check.images, threads: 1 })
      // where the street generator has changed since: npm run train:builtin -- NAME --minutes 0 scores anew
      expect(Math.abs((miou ?? 0) - record.check.miou)).toBeLessThan(worldName() === record.world ? 0.001 : 0.1)
    } finally {
      await folder.remove()
    }
  })
})

describe('built-in models whose files are not whole', () => {
  it('say which file is missing and what to do', async () => {
    const folder = await temporaryFolder()
    try {
      await expect(expandBuiltinModel(ta(folder.path), join(folder.path, 'out'))).rejects.toThrow(/street-ta is not complete: .*model\.safetensors is missing\. Restore it .*train:builtin -- street-ta/)
    } finally {
      await folder.remove()
    }
  })

  it('say which file is damaged', async () => {
    const folder = await temporaryFolder()
    try {
      const broken = join(folder.path, 'street-ta')
      await mkdir(broken)
      const whole = await readFile(join(builtinModels()[1].folder, 'model.safetensors'))
      await writeFile(join(broken, 'model.safetensors'), whole.subarray(0, 100_000))
      await expect(expandBuiltinModel(ta(broken), join(folder.path, 'out'))).rejects.toThrow(/street-ta is damaged: .*model\.safetensors: Truncated/)
      await writeFile(join(broken, 'model.safetensors'), whole)
      await writeFile(join(broken, 'config.json'), '{"model_type": "bert"}')
      await expect(expandBuiltinModel(ta(broken), join(folder.path, 'out'))).rejects.toThrow(/street-ta is damaged: .*config\.json/)
    } finally {
      await folder.remove()
    }
  })
})

function heldOut(index: number): ReturnType<typeof drawStreet> {
  return drawStreet(HELD_OUT_STREETS, index)
}

function ta(folder: string): BuiltinModel {
  return { name: 'street-ta', kind: 'ta', description: '', folder }
}
