/**
 * Two savings that no gradient rule can make alone, since they depend on who reads its result: a tensor that only repeats a
 * smaller one (Expand) is read unrepeated by operators that broadcast, and what was scattered into zeros is scattered into
 * that to which it would be added. Nodes that lose their readers this way are left out when the model is built.
 */
import { broadcastShapes, sameShape } from '../onnx/dims.ts'
import type { Attributes, Emit, GraphBuilder, Operand, Value } from '../onnx/graph-builder.ts'

const BROADCASTING: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div'])

interface Scattered {
  readonly inputs: readonly Operand[]
  readonly attributes: Attributes
}

export function leanEmit(builder: GraphBuilder): Emit {
  const sources = new Map<string, Value>()
  const zeros = new Set<string>()
  const scattered = new Map<string, Scattered>()

  return (opType, inputs, attributes = {}) => {
    const lean = BROADCASTING.has(opType) ? unrepeated(inputs, sources) : inputs
    const output = (opType === 'Add' ? addScattered(lean) : undefined) ?? builder.emit(opType, lean, attributes)
    const [first] = lean
    if (opType === 'ConstantOfShape' && isZero(attributes['value'])) zeros.add(output.name)
    if (opType === 'Expand' && isValue(first)) sources.set(output.name, first)
    if (opType === 'ScatterElements' && attributes['reduction'] === 'add' && isValue(first) && zeros.has(first.name)) scattered.set(output.name, { inputs: lean, attributes })
    return output
  }

  /** a + b where one of them was scattered into zeros and the other has its full shape. */
  function addScattered([a, b]: readonly Operand[]): Value | undefined {
    if (!isValue(a) || !isValue(b) || !sameShape(a.shape, b.shape)) return undefined
    const [into, scatter] = scattered.has(b.name) ? [a, scattered.get(b.name)] : [b, scattered.get(a.name)]
    return scatter && builder.emit('ScatterElements', [into, ...scatter.inputs.slice(1)], scatter.attributes)
  }
}

/** Operands without their repetitions, as far as the others still give the result its shape. */
function unrepeated(operands: readonly Operand[], sources: ReadonlyMap<string, Value>): readonly Operand[] {
  const whole = broadcastOf(operands)
  return operands.reduce((all, each, index) => {
    const source = isValue(each) ? sources.get(each.name) : undefined
    if (source === undefined) return all
    const without = all.with(index, source)
    return sameShape(broadcastOf(without), whole) ? without : all
  }, operands)
}

function broadcastOf(operands: readonly Operand[]) {
  return broadcastShapes(operands.flatMap((each) => (isValue(each) ? [each.shape] : [])))
}

/** The value of ConstantOfShape: a tensor of one element, float 0 where it is left out. */
function isZero(value: Attributes[string]): boolean {
  return value === undefined || (typeof value === 'object' && 'data' in value && Number(value.data[0]) === 0)
}

function isValue(operand: Operand): operand is Value {
  return typeof operand === 'object' && 'elementType' in operand
}
