import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { mutated, type Random } from './mutations.ts'

interface Field {
  readonly number: number
  readonly wireType: WireType
  /** without the tag; without the length too where the field is delimited */
  readonly payload: Uint8Array
}

const NUMBERS = [0n, 1n, 2n, 16n, 127n, 2n ** 31n - 1n, 2n ** 32n, 2n ** 40n, 2n ** 62n, -1n]

/**
 * A Protocol Buffers message with one field changed, at any depth, under lengths that are right: damage that gets past the
 * outermost message. What looks like a message inside is taken for one.
 */
export function mutatedMessage(bytes: Uint8Array, random: Random): Uint8Array {
  const fields = fieldsOf(bytes)
  if (fields === undefined || fields.length === 0) return mutated(bytes, random)
  const index = random(fields.length)
  const field = fields[index]
  const descend = field.wireType === WireType.LengthDelimited && field.payload.length > 1 && random(8) > 0
  const replacement = descend ? [{ ...field, payload: mutatedMessage(field.payload, random) }] : changed(field, fields, random)
  return encoded(fields.toSpliced(index, 1, ...replacement))
}

function changed(field: Field, siblings: readonly Field[], random: Random): readonly Field[] {
  switch (random(5)) {
    case 0: return []
    case 1: return [field, field]
    case 2: return [siblings[random(siblings.length)]]
    case 3: return [{ ...field, number: 1 + random(26) }]
    default: return [field.wireType === WireType.Varint ? { ...field, payload: varint(NUMBERS[random(NUMBERS.length)]) } : field.wireType === WireType.LengthDelimited ? { ...field, payload: mutated(field.payload, random) } : field]
  }
}

function fieldsOf(bytes: Uint8Array): readonly Field[] | undefined {
  const reader = new BinaryReader(bytes)
  const fields: Field[] = []
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag()
      fields.push({ number, wireType, payload: wireType === WireType.LengthDelimited ? reader.bytes() : reader.skip(wireType, number) })
    }
    return fields
  } catch {
    return undefined
  }
}

function encoded(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const { number, wireType, payload } of fields) {
    writer.tag(number, wireType)
    if (wireType === WireType.LengthDelimited) writer.bytes(payload)
    else writer.raw(payload)
  }
  return writer.finish()
}

function varint(value: bigint): Uint8Array {
  return new BinaryWriter().int64(value).finish()
}
