/** The gradient check itself: wrong rules, put in the table's place, do not pass. */
import { describe, expect, it } from 'vitest'
import { GRADIENTS } from '../../src/core/autodiff/registry.ts'
import { NO_GRADIENT, type Rule } from '../../src/core/autodiff/rule.ts'
import { dims } from '../../src/core/onnx/graph-builder.ts'
import { elementCount } from '../../src/core/onnx/tensor.ts'
import { GRADIENT_CASES } from './cases/table.ts'
import { checkGradientCase } from './gradient-check.ts'

const table = GRADIENTS as Record<string, unknown>

async function checkWith(op: string, rule: Rule): Promise<void> {
  const right = table[op]
  table[op] = rule
  try {
    for (const each of GRADIENT_CASES.filter((candidate) => candidate.op === op)) await checkGradientCase(each)
  } finally {
    table[op] = right
  }
}

const WRONG: readonly { readonly what: string; readonly op: string; readonly rule: Rule; readonly message: RegExp }[] = [
  { what: 'a wrong sign', op: 'Sub', rule: ({ dy: [dy] }) => [dy, dy], message: /finite differences say/ },
  { what: 'a missing factor', op: 'Sin', rule: ({ dy: [dy] }) => [dy], message: /finite differences say/ },
  { what: 'a factor that is 1 % off', op: 'Exp', rule: ({ y: [y], dy: [dy], emit }) => [emit('Mul', [dy, emit('Mul', [y, 1.01])])], message: /finite differences say/ },
  { what: 'operands that are swapped', op: 'Mul', rule: ({ x: [a, b], dy: [dy], emit }) => [emit('Mul', [dy, a]), emit('Mul', [dy, b])], message: /finite differences say|came out as/ },
  {
    what: 'a mean in place of the sum over repetitions', op: 'Add', message: /finite differences say/,
    rule: ({ x, y: [y], dy: [dy], emit }) => x.map((each) => emit('Mul', [dy, elementCount(dims(each)) / elementCount(dims(y))])),
  },
  { what: 'a gradient of another shape', op: 'Transpose', rule: ({ dy: [dy] }) => [dy], message: /came out as/ },
  { what: 'a gradient that is left out', op: 'Div', rule: ({ x: [, b], dy: [dy], emit }) => [emit('Div', [dy, b]), NO_GRADIENT], message: /No gradient by b/ },
  { what: 'a softmax along the wrong axis', op: 'Softmax', rule: ({ y: [y], dy: [dy], emit }) => [emit('Mul', [y, emit('Sub', [dy, emit('ReduceSum', [emit('Mul', [dy, y]), [-1]])])])], message: /finite differences say/ },
]

describe('the gradient check catches', () => {
  for (const { what, op, rule, message } of WRONG) {
    it(`${what} (${op})`, async () => {
      const failure: unknown = await checkWith(op, rule).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Error)
      expect(messages(failure)).toMatch(message)
    })
  }

  it('nothing where the rule is right', () => checkWith('Mul', ({ x: [a, b], dy: [dy], emit }) => [emit('Mul', [dy, b]), emit('Mul', [dy, a])]))
})

/** The message and those of its causes: the property's report, then what failed in it. */
function messages(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messages(error.cause)}` : ''
}
