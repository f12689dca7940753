/**
 * What can be wrong with a model, as a closed list:
 * - damaged: the bytes are no ONNX model, or end early
 * - invalid: the graph contradicts itself (cycle, a name defined twice or never, an external path that leaves the folder)
 * - unsupported: valid ONNX, but an operator, opset, type or form that this program does not handle
 * - shape: dimensions or element types do not fit together
 * The message names the node or value and what to do; it holds no file name: who opened the file adds it.
 */
export type ModelErrorCode = 'damaged' | 'invalid' | 'unsupported' | 'shape'

export class ModelError extends Error {
  readonly code: ModelErrorCode
  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ModelError'
    this.code = code
  }
}
