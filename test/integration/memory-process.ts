/** A process that runs one model and says how much memory that took. Arguments: the model's file, the optimisation level. */
import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { readModel } from '../../src/core/onnx/read.ts'
import { elementCount } from '../../src/core/onnx/tensor.ts'

const [file, level] = process.argv.slice(2)
const { graph } = readModel(readFileSync(file))
const feeds = Object.fromEntries(graph.inputs.map(({ name, type }) => {
  if (type?.kind !== 'tensor') throw new Error(name)
  const dims = (type.shape ?? []).map(Number)
  const data = Float32Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(index * 0.37) * 0.1)
  return [name, new Tensor('float32', data, dims)]
}))
const session = await InferenceSession.create(file, {
  graphOptimizationLevel: level as 'all', intraOpNumThreads: 1, enableCpuMemArena: false, enableMemPattern: false, logSeverityLevel: 3,
})
globalThis.gc?.()
// memory of the inputs is counted on both sides
const before = process.memoryUsage.rss() - Object.values(feeds).reduce((sum, tensor) => sum + 4 * tensor.size, 0)
await session.run(feeds)
console.log(JSON.stringify({ bytes: process.resourceUsage().maxRSS * 1024 - before }))
process.exit(0)
