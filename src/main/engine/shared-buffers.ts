/**
 * Shared memory that threads pass around, used again for the next panorama. V8 does not count shared memory when it
 * decides whether to collect garbage, so throwing these away after each panorama would let the process grow.
 */
export interface SharedBuffers {
  bytes(length: number): Uint8Array<SharedArrayBuffer>
  floats(length: number): Float32Array<SharedArrayBuffer>
  /** nobody may use it from here on */
  giveBack(array: ArrayBufferView): void
  /** bytes that wait to be used again */
  idleBytes(): number
}

/** Keeps up to `keepBytes` of given-back memory; sizes must match exactly, as they do from panorama to panorama. */
export function createSharedBuffers(keepBytes: number): SharedBuffers {
  const idle: SharedArrayBuffer[] = []
  let idleBytes = 0

  function take(byteLength: number): SharedArrayBuffer {
    const index = idle.findIndex((buffer) => buffer.byteLength === byteLength)
    if (index < 0) return new SharedArrayBuffer(byteLength)
    idleBytes -= byteLength
    return idle.splice(index, 1)[0]
  }

  return {
    bytes: (length) => new Uint8Array(take(length)),
    floats: (length) => new Float32Array(take(length * Float32Array.BYTES_PER_ELEMENT)),
    giveBack({ buffer }) {
      if (!(buffer instanceof SharedArrayBuffer)) return
      idle.push(buffer)
      idleBytes += buffer.byteLength
      // the oldest first: sizes that are no longer asked for
      while (idleBytes > keepBytes) idleBytes -= idle.shift()?.byteLength ?? 0
    },
    idleBytes: () => idleBytes,
  }
}
