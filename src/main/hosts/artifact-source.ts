import type { Readable } from 'node:stream'

/** Where a host reads the files that it serves by their hash. The host never sees a path that came from a client. */
export interface ArtifactSource {
  /** null when the workspace has no such artifact */
  open(hash: string): Promise<ServedArtifact | null>
  /** for images that the window shows as they are; null or absent: plain bytes */
  mediaTypeOf?(hash: string): string | null
  /** for artifacts that a person keeps as a file; null or absent: it has no name */
  fileNameOf?(hash: string): string | null
}

export interface ServedArtifact {
  readonly bytes: number
  /** The content; a stream that fails before its end when it is damaged. Rejects when it cannot be opened. */
  read(): Promise<Readable>
}

/** Headers of an artifact that a browser is to save under a name: with letters that every browser takes, and as it is. */
export function downloadHeaders(artifacts: ArtifactSource, hash: string): Readonly<Record<string, string>> {
  const name = artifacts.fileNameOf?.(hash) ?? null
  if (name === null) return {}
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return { 'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`)}` }
}

/** Content type under which an artifact is served: images and archives by their type, everything else as bytes, never as a document. */
export function artifactContentType(artifacts: ArtifactSource, hash: string): string {
  const mediaType = artifacts.mediaTypeOf?.(hash) ?? null
  return mediaType !== null && /^(image\/(png|jpeg|webp|avif|tiff|gif)|application\/zip)$/.test(mediaType) ? mediaType : 'application/octet-stream'
}
