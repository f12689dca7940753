import { join } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import { builtinModels, type BuiltinModel, type BuiltinName } from './builtin-models.ts'

export function builtinModel(name: BuiltinName): BuiltinModel {
  const model = builtinModels().find((each) => each.name === name)
  if (model === undefined) throw new StudioError('not-found', `There is no built-in model "${name}".`)
  return model
}

/** The file of a built-in model's weights, whether it is there or not. */
export function builtinWeights(name: BuiltinName): string {
  return join(builtinModel(name).folder, 'model.safetensors')
}
