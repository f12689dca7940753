import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { builtinModels, expandBuiltinModel, type BuiltinName, type ExpandedModel } from '../src/main/models/builtin-models.ts'
import type { ModelFiles } from './models.ts'

/** The built-in models as files in `folder`, written anew. Throws `bad-file` where one is missing or damaged. */
export async function builtinFiles(folder: string): Promise<ModelFiles> {
  const known = builtinModels()
  const expand = async (wanted: BuiltinName): Promise<ExpandedModel> => {
    const model = known.find(({ name }) => name === wanted)
    if (model === undefined) throw new Error(`There is no built-in model ${wanted}.`)
    const into = join(folder, wanted)
    await rm(into, { recursive: true, force: true })
    return expandBuiltinModel(model, into)
  }
  const [sam, ta, source] = [await expand('nano-sam'), await expand('street-ta'), await expand('mit-b0')]
  if (source.weights === null) throw new Error('The built-in weights for students are no SegFormer.')
  return { sam: sam.files, samSettings: join(folder, 'nano-sam', 'settings.json'), ta: ta.files[0], source: source.weights }
}
