/** Brings models of older opsets to the working opset. */
import type { Model } from './model.ts'

export function upgradeModel(model: Model): Model {
  return model
}
