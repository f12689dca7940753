import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { Model, ModelFile, ModelKind, TensorInfo } from '../../contract/schemas.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import type { Engine } from '../engine/protocol.ts'
import { recogniseDialect } from '../models/dialects.ts'
import { defaultSamSettings, parseSamSettings } from '../models/sam-settings.ts'
import { newId } from '../store/ids.ts'
import { addModel, findModelByContent, getModel, listModels, removeModel, renameModel, setSamSettings } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { freeName } from '../store/reference.ts'
import type { ServiceContext } from './context.ts'

type ModelProcedures = 'models.list' | 'models.add' | 'models.setSamSettings' | 'models.rename' | 'models.remove'

export function modelServices({ store, engine, changes }: ServiceContext): Pick<Implementation, ModelProcedures> {
  const changed = <T>(result: T): T => {
    changes.emit('models')
    return result
  }
  return {
    'models.list': () => listModels(store.read),
    'models.add': async (input) => changed(await addModelFiles({ store, engine }, input)),
    'models.setSamSettings': ({ model, settings }) => changed(store.transaction((db) => setSamSettings(db, model, settings))),
    'models.rename': ({ model, name }) => changed(store.transaction((db) => renameModel(db, model, name))),
    'models.remove': async ({ model }) => {
      const { id } = getModel(store.read, model)
      store.transaction((db) => removeModel(db, model))
      await rm(join(store.paths.models, id), { recursive: true, force: true })
      return changed({})
    },
  }
}

/**
 * Recognises the files' dialect, copies them into the workspace and adds the model. Files that are already a model of
 * this workspace give that model. Throws StudioError: bad-file, bad-model (prints the signatures), conflict, storage.
 */
export async function addModelFiles(
  { store, engine }: { store: Store; engine: Engine }, { kind, files, name }: { kind: ModelKind; files: string[]; name: string | null },
): Promise<Model> {
  const inspected = []
  for (const path of files) inspected.push({ path, ...(await inspect(engine, path)) })
  const recognised = recogniseDialect(inspected, kind)

  const described: (ModelFile & { path: string })[] = []
  for (const [index, { path, inputs, outputs }] of inspected.entries()) {
    described.push({ path, role: recognised.roles[index], name: basename(path), inputs: inputs.map(copyOf), outputs: outputs.map(copyOf), ...(await digest(path)) })
    for (const data of await externalData(path)) {
      described.push({ path: data, role: 'external-data', name: basename(data), inputs: [], outputs: [], ...(await digest(data)) })
    }
  }
  const names = new Set(described.map((file) => file.name))
  if (names.size < described.length) {
    throw new StudioError('bad-input', `Two of the files have the same name (${[...names].join(', ')}): rename one of them.`)
  }
  // the order in which the files were named is no part of what the model is
  const sha256 = createHash('sha256').update(described.map((file) => `${file.role}:${file.sha256}`).sort().join('\n')).digest('hex')
  const known = findModelByContent(store.read, sha256)
  if (known !== null) return known

  const settings = recognised.dialect === 'semantic' ? null : await settingsBeside(files[0], recognised.dialect)
  const id = newId('model')
  await copyIntoWorkspace(join(store.paths.models, id), described)
  try {
    return store.transaction((db) =>
      addModel(db, {
        id,
        name: name ?? freeName(db, 'models', settings?.name ?? defaultName(files[0])),
        kind,
        dialect: recognised.dialect,
        files: described.map(withoutPath),
        sha256,
        samSettings: settings?.settings ?? null,
        classes: recognised.classes,
      }))
  } catch (error) {
    await rm(join(store.paths.models, id), { recursive: true, force: true })
    throw error
  }
}

function copyOf({ name, type, shape }: TensorInfo): TensorInfo {
  return { name, type, shape: [...shape] }
}

async function inspect(engine: Engine, path: string): Promise<{ name: string } & Awaited<ReturnType<Engine['inspectModel']>>> {
  const file = await stat(path).catch((cause: unknown) => {
    throw new StudioError('bad-file', `${path} cannot be read: check the path and its permissions.`, { cause })
  })
  if (!file.isFile()) throw new StudioError('bad-file', `${path} is a folder: name the .onnx files themselves.`)
  if (file.size === 0) throw new StudioError('bad-model', `${path} is empty (0 bytes): download or export it again.`)
  return { name: basename(path), ...(await engine.inspectModel(path)) }
}

function withoutPath({ role, name, bytes, sha256, inputs, outputs }: ModelFile): ModelFile {
  return { role, name, bytes, sha256, inputs, outputs }
}

async function digest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') }
}

/** A large model keeps its weights in a sibling: model.onnx_data or model.onnx.data. */
async function externalData(path: string): Promise<string[]> {
  const siblings = [`${path}_data`, `${path}.data`]
  const present = await Promise.all(siblings.map((sibling) => stat(sibling).then((file) => file.isFile(), () => false)))
  return siblings.filter((_, index) => present[index])
}

async function settingsBeside(
  path: string, dialect: Parameters<typeof defaultSamSettings>[0],
): Promise<ReturnType<typeof parseSamSettings>> {
  const file = join(dirname(path), 'settings.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? { settings: defaultSamSettings(dialect), name: null } : parseSamSettings(text, { file, dialect })
}

/** vision_encoder.onnx says nothing by itself: its folder's name does. */
function defaultName(path: string): string {
  const stem = basename(path, extname(path))
  return /^(model|network|vision_encoder|encoder|decoder|prompt_encoder_mask_decoder)(_.*)?$/.test(stem) ? basename(dirname(path)) : stem
}

async function copyIntoWorkspace(folder: string, files: readonly { path: string; name: string }[]): Promise<void> {
  const temporary = `${folder}.part`
  try {
    await mkdir(temporary, { recursive: true })
    for (const { path, name } of files) await copyFile(path, join(temporary, name), constants.COPYFILE_FICLONE)
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {})
    throw storageError('copy the model into', folder, error)
  }
}
