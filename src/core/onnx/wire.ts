/** Protocol Buffers as ONNX uses them, read strictly: a field of another wire type or text that is no UTF-8 is damage. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ModelError } from './errors.ts'

const WIDTHS: Readonly<Partial<Record<WireType, number>>> = { [WireType.Bit32]: 4, [WireType.Bit64]: 8 }

/** The field at which a message is being read. */
export class Field {
  readonly #reader: BinaryReader
  #wireType: WireType = WireType.Varint

  constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes)
  }

  /** Moves to the next field; undefined at the end of the message. */
  next(): number | undefined {
    if (this.#reader.pos >= this.#reader.len) return undefined
    const [number, wireType] = this.#reader.tag()
    this.#wireType = wireType
    return number
  }

  /** Passes over a field whatever it is, and returns its bytes without the tag. */
  skip(number: number): Uint8Array {
    return this.#reader.skip(this.#wireType, number)
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    this.#expect(WireType.LengthDelimited)
    return this.#reader.bytes()
  }

  text(): string {
    this.#expect(WireType.LengthDelimited)
    return this.#reader.string(true)
  }

  /** An integer that a JavaScript number holds exactly. */
  integer(): number {
    const value = Number(this.int64())
    if (!Number.isSafeInteger(value)) throw new ModelError('damaged', `The number ${value} is too large for an ONNX model.`)
    return value
  }

  int64(): bigint {
    this.#expect(WireType.Varint)
    return BigInt(this.#reader.int64())
  }

  float(): number {
    this.#expect(WireType.Bit32)
    return this.#reader.float()
  }

  /** How many values a repeated field of numbers has here: one, or a packed run of them. */
  countOf(wireType: WireType): number {
    if (this.#wireType !== WireType.LengthDelimited) {
      this.#expect(wireType)
      this.#reader.skip(wireType)
      return 1
    }
    const run = this.#reader.bytes()
    const width = WIDTHS[wireType]
    if (width === undefined) return run.reduce((count, byte) => count + (byte < 0x80 ? 1 : 0), 0)
    if (run.length % width !== 0) throw new ModelError('damaged', `A run of ${run.length} bytes cannot hold numbers of ${width} bytes.`)
    return run.length / width
  }

  /** Reads the values of a repeated field of numbers, packed or not. */
  each(wireType: WireType, read: (reader: BinaryReader) => void): void {
    if (this.#wireType !== WireType.LengthDelimited) {
      this.#expect(wireType)
      read(this.#reader)
      return
    }
    const run = new BinaryReader(this.#reader.bytes())
    while (run.pos < run.len) read(run)
  }

  #expect(wireType: WireType): void {
    if (this.#wireType !== wireType) throw new ModelError('damaged', `A field has the wire type ${this.#wireType}, not ${wireType}.`)
  }
}

/** Field number -> what to do with it. Fields that are not named are passed over. */
export type Fields = Readonly<Record<number, (field: Field) => void>>

/** Reads a message's fields in the file's order. */
export function readFields(bytes: Uint8Array, fields: Fields): void {
  const field = new Field(bytes)
  for (let number = field.next(); number !== undefined; number = field.next()) {
    const read = fields[number]
    if (read === undefined) field.skip(number)
    else read(field)
  }
}
