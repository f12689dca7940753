/** Damaged files for tests: the same ones in every run. */

/** Whole numbers below a bound from a seed (xorshift32). */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

export type Random = ReturnType<typeof seededRandom>

/** Numbers that a length or a count had better not be. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff]

const MUTATIONS: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  function flipBits(bytes, random) {
    for (let count = 1 + random(8); count > 0; count--) bytes[random(bytes.length)] ^= 1 << random(8)
    return bytes
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random(bytes.length))
  },
  function cutOut(bytes, random) {
    const at = random(bytes.length)
    return concatenated(bytes.subarray(0, at), bytes.subarray(at + 1 + random(64)))
  },
  function repeat(bytes, random) {
    const at = random(bytes.length)
    return concatenated(bytes.subarray(0, at + random(64)), bytes.subarray(at))
  },
  function splice(bytes, random) {
    const [from, to, length] = [random(bytes.length), random(bytes.length), 1 + random(64)]
    bytes.set(bytes.slice(from, Math.min(from + length, from + bytes.length - to)), to)
    return bytes
  },
  /** an extreme number where one may stand: as a varint of any length, or as 4 or 8 bytes */
  function overwriteNumber(bytes, random) {
    const value = BigInt(EXTREMES[random(EXTREMES.length)]) << BigInt(random(4) * 8)
    const at = random(bytes.length)
    const form = random(3)
    const encoded = form === 0 ? varint(value) : littleEndian(value, form * 4)
    bytes.set(encoded.subarray(0, bytes.length - at), at)
    return bytes
  },
  function fill(bytes, random) {
    const at = random(bytes.length)
    return bytes.fill([0, 0xff, 0x80, 0x0b][random(4)], at, at + 1 + random(32))
  },
]

/** A damaged copy. Half of the damage is done to the first and the last kilobyte, where structure is dense. */
export function mutated(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(file)
  for (let count = random(2) === 0 ? 1 : 1 + random(3); count > 0 && bytes.length > 0; count--) {
    const start = random(2) === 0 ? 0 : random(2) === 0 ? 0 : Math.max(0, bytes.length - 1024)
    const end = random(2) === 0 ? bytes.length : Math.min(bytes.length, start + 1024)
    const change = MUTATIONS[random(MUTATIONS.length)]
    bytes = concatenated(bytes.subarray(0, start), change(bytes.slice(start, end), random), bytes.subarray(end))
  }
  return bytes
}

/** The bytes as a view into a larger buffer whose other bytes are all `canary`. */
export function surrounded(bytes: Uint8Array, canary: number): Uint8Array {
  const margin = 4096
  const all = new Uint8Array(bytes.length + 2 * margin).fill(canary)
  all.set(bytes, margin)
  return all.subarray(margin, margin + bytes.length)
}

function concatenated(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

function littleEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}
