/** Values by key, least recently used dropped first, bounded by their sizes together. */
export interface ByteCache<Value> {
  get(key: string): Value | undefined
  has(key: string): boolean
  /** a value larger than the whole bound is dropped at once */
  put(key: string, value: Value, bytes: number): void
  clear(): void
  bytes(): number
}

export function byteCache<Value>(maxBytes: number, onDrop: (value: Value) => void = () => {}): ByteCache<Value> {
  // a Map iterates in insertion order: re-inserting on use keeps the oldest first
  const entries = new Map<string, { value: Value; bytes: number }>()
  let total = 0
  const drop = (key: string): void => {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    total -= entry.bytes
    onDrop(entry.value)
  }
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    has: (key) => entries.has(key),
    put(key, value, bytes) {
      drop(key)
      entries.set(key, { value, bytes })
      total += bytes
      for (const oldest of entries.keys()) {
        if (total <= maxBytes) break
        drop(oldest)
      }
    },
    clear() {
      for (const key of entries.keys()) drop(key)
    },
    bytes: () => total,
  }
}
