import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** SHA-256 of a value as JSON, keys in alphabetical order: the order in which an object was written changes nothing. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, (_, part: unknown) => sorted(part))).digest('hex')
}

/** SHA-256 of files, one after the other. Throws where one cannot be read. */
export async function digestOfFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function sorted(part: unknown): unknown {
  if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
  return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
