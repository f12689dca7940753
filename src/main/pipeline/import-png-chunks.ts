const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Types of the chunks before the pixels: what decides whether colours are sRGB (sRGB, gAMA, ...) and the file animated (acTL). */
export function pngChunkTypes(bytes: Buffer): ReadonlySet<string> {
  const types = new Set<string>()
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return types
  let offset = SIGNATURE.length
  while (offset + 8 <= bytes.length) {
    const type = bytes.toString('latin1', offset + 4, offset + 8)
    if (type === 'IDAT') break
    types.add(type)
    offset += 12 + bytes.readUInt32BE(offset)
  }
  return types
}
