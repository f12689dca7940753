/** The buffers of all typed arrays in a message, each once: they are moved to the other thread instead of copied. */
export function transferablesOf(message: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  collect(message, buffers)
  return [...buffers]
}

function collect(value: unknown, buffers: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    // shared memory is shared anyway
    if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer)
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, buffers)
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collect(item, buffers)
  }
}
