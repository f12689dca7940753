import { mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Implementation } from '../../contract/procedures.ts'
import type { BuiltinModel, BuiltinModelName } from '../../contract/generated-schemas.ts'
import type { Model } from '../../contract/schemas.ts'
import { sha256OfFile } from '../artifacts/durable-files.ts'
import { builtinModels, expandBuiltinModel, type BuiltinModel as BuiltinFiles } from '../models/builtin-models.ts'
import { builtinModel, builtinWeights } from '../models/builtin-weights.ts'
import { findBuiltin, rememberBuiltin } from '../store/builtin-models.ts'
import { getModel } from '../store/models.ts'
import { freeName } from '../store/reference.ts'
import type { ServiceContext } from './context.ts'
import { addModelFiles } from './models.ts'

type BuiltinProcedures = 'models.builtin' | 'models.addBuiltin'

export function builtinModelServices(context: ServiceContext): Pick<Implementation, BuiltinProcedures> {
  return {
    'models.builtin': () => Promise.all(builtinModels().map((model) => describe(context, model))),
    'models.addBuiltin': async ({ name }) => {
      const model = await addBuiltin(context, name)
      context.changes.emit('models')
      return model
    },
  }
}

async function describe({ store }: ServiceContext, { name, kind, description }: BuiltinFiles): Promise<BuiltinModel> {
  const file = await stat(builtinWeights(name)).catch(() => null)
  return {
    name, kind: kind === 'initial' ? 'init' : kind, summary: `${description}.`, bytes: file?.size ?? null,
    modelId: findBuiltin(store.read, name)?.modelId ?? null,
  }
}

/**
 * The workspace's model of a built-in one: what was added before, where it has the weights that this program brings; else its ONNX
 * files are made and added. Throws StudioError: bad-file (the program's files are not complete), storage, engine.
 */
async function addBuiltin({ store, engine }: ServiceContext, name: BuiltinModelName): Promise<Model> {
  const known = findBuiltin(store.read, name)
  const weights = await sha256OfFile(builtinWeights(name)).then(({ hash }) => hash, () => null)
  // where the file is missing, expanding says so
  if (known !== null && (weights === null || weights === known.weights)) return getModel(store.read, known.modelId)
  // among the models: a folder there that no row names is removed at the next start
  const folder = await mkdtemp(join(store.paths.models, 'builtin-'))
  try {
    const { files } = await expandBuiltinModel(builtinModel(name), folder)
    const model = await addModelFiles({ store, engine }, { kind: builtinModel(name).kind === 'sam' ? 'sam' : 'ta', files: [...files], name: freeName(store.read, 'models', name) })
    store.transaction((db) => rememberBuiltin(db, { name, weights: weights ?? '', modelId: model.id }))
    return model
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
