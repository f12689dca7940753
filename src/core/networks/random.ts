/** Random numbers that are the same wherever and whenever they are drawn for the same text. */

export interface Random {
  /** uniform in [0, 1) */
  readonly uniform: () => number
  /** standard normal (Box-Muller) */
  readonly normal: () => number
}

/** A generator for a text such as "7:decode_head.classifier.weight": 32-bit state from FNV-1a, then splitmix32. */
export function seededRandom(text: string): Random {
  let state = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 0x01000193)
  const uniform = () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const normal = () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    return radius * Math.cos(2 * Math.PI * uniform())
  }
  return { uniform, normal }
}
