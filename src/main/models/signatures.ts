import type { TensorInfo } from '../../contract/schemas.ts'

/** One model file as onnxruntime reports it. */
export interface NamedSignature {
  /** the file's name, for messages */
  readonly name: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

/** What a dialect expects of one tensor. Numbers must be met; letters stand for any size. */
export interface ExpectedTensor {
  /** null: any name, there is just one */
  readonly name: string | null
  readonly type: string
  readonly shape: readonly (number | string)[]
}

export function printTensor(tensor: ExpectedTensor | TensorInfo): string {
  return `${tensor.name ?? '(any name)'} ${tensor.type} [${tensor.shape.join(', ')}]`
}

export function printTensors(tensors: readonly (ExpectedTensor | TensorInfo)[]): string {
  return tensors.length === 0 ? 'none' : tensors.map(printTensor).join('; ')
}

/** Same rank, and every size that both state is the same. */
export function shapesAgree(actual: readonly (number | string)[], expected: readonly (number | string)[]): boolean {
  return (
    actual.length === expected.length &&
    actual.every((size, axis) => {
      const wanted = expected[axis]
      return typeof size === 'string' || typeof wanted === 'string' || size === wanted
    })
  )
}

export function findTensor(tensors: readonly TensorInfo[], name: string | null): TensorInfo | undefined {
  if (name === null) return tensors.length === 1 ? tensors[0] : undefined
  return tensors.find((tensor) => tensor.name === name)
}

/**
 * What keeps `actual` from being usable as `expected`: differences in words, none where it fits.
 * Extra outputs are fine, an input that nobody would feed is not.
 */
export function tensorDifferences(
  actual: readonly TensorInfo[],
  expected: readonly ExpectedTensor[],
  direction: 'input' | 'output',
): string[] {
  const differences: string[] = []
  for (const wanted of expected) {
    const found = findTensor(actual, wanted.name)
    if (found === undefined) differences.push(`${direction} ${printTensor(wanted)} is missing`)
    else if (found.type !== wanted.type || !shapesAgree(found.shape, wanted.shape)) {
      differences.push(`${direction} ${printTensor(found)} should be ${printTensor(wanted)}`)
    }
  }
  if (direction === 'input' && expected.every((tensor) => tensor.name !== null)) {
    for (const extra of actual.filter((tensor) => findTensorNamed(expected, tensor.name) === undefined)) {
      differences.push(`input ${printTensor(extra)} is unknown`)
    }
  }
  return differences
}

function findTensorNamed(expected: readonly ExpectedTensor[], name: string): ExpectedTensor | undefined {
  return expected.find((tensor) => tensor.name === name)
}

/** A fixed size of a tensor, or null where the axis is symbolic or absent. */
export function fixedSize(tensor: TensorInfo | undefined, axis: number): number | null {
  const size = tensor?.shape.at(axis)
  return typeof size === 'number' && size > 0 ? size : null
}
