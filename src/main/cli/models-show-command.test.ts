import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { modelOf, node } from '../../../test/support/small-models.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { float32 } from '../../core/onnx/tensor.ts'
import { writeModel } from '../../core/onnx/write.ts'
import { addModelsShowCommand } from './models-show-command.ts'

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/models')

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

/** What the command prints. */
async function show(...args: readonly string[]): Promise<string> {
  const program = new Command()
  addModelsShowCommand(program)
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await program.parseAsync(['node', 'models', 'show', ...args])
    return write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
}

/** y = op(x * w) in a file. */
async function fileOf(opType: string, domain = ''): Promise<string> {
  const path = join(folder.path, `${opType}.onnx`)
  await writeFile(path, writeModel(modelOf({
    initializers: new Map([['w', float32([2], [1, 2])]]),
    nodes: [node('Mul', ['x', 'w'], ['product']), { ...node(opType, ['product'], ['y']), name: 'last', domain }],
  }, { opsets: new Map([['', 17], ['com.microsoft', 1]]) })))
  return path
}

test('prints the model with inferred types, and that it can be trained', async () => {
  const lines = (await show(await fileOf('Relu'))).split('\n')
  expect(lines.slice(0, 2)).toEqual(['opset ai.onnx 17, com.microsoft 1; IR version 8; written by test 1', '2 nodes, 2 parameters, 8 bytes'])
  expect(lines).toContain('  product: float32[2] = Mul(x, w)')
  expect(lines.at(-2)).toMatch(/^Can be trained/)
})

test('names the nodes without a gradient rule', async () => {
  expect(await show(await fileOf('ReduceProd'))).toMatch(/Cannot be trained: no gradient rule for ReduceProd \(last\)\.\n$/)
  expect(JSON.parse(await show(await fileOf('ReduceProd'), '--json'))).toMatchObject({
    nodes: 2, parameters: 2, bytes: 8, irVersion: 8, opsets: { 'ai.onnx': 17 }, operators: { Mul: 1, ReduceProd: 1 },
    inputs: [{ name: 'x', type: 'float32[2]' }], withoutGradient: [{ operator: 'ReduceProd', nodes: ['last'] }], problem: null,
  })
})

test('says what keeps types from being inferred', async () => {
  expect(await show(await fileOf('BiasGelu', 'com.microsoft'))).toMatch(/Cannot be trained\. No type rule for com\.microsoft\.BiasGelu: BiasGelu node "last"/)
})

test('a file that is no model', async () => {
  await expect(show(join(FIXTURES, 'bad/not-a-model.onnx'))).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('not-a-model.onnx: ') })
})
