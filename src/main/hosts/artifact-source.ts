import type { Readable } from 'node:stream'

/** Where a host reads the files that it serves by their hash. The host never sees a path that came from a client. */
export interface ArtifactSource {
  /** null when the workspace has no such artifact */
  open(hash: string): Promise<ServedArtifact | null>
  /** for images that the window shows as they are; null or absent: plain bytes */
  mediaTypeOf?(hash: string): string | null
}

export interface ServedArtifact {
  readonly bytes: number
  /** The content; a stream that fails before its end when it is damaged. Rejects when it cannot be opened. */
  read(): Promise<Readable>
}

/** Content type under which an artifact is served: images by their type, everything else as bytes, never as a document. */
export function artifactContentType(artifacts: ArtifactSource, hash: string): string {
  const mediaType = artifacts.mediaTypeOf?.(hash) ?? null
  return mediaType !== null && /^image\/(png|jpeg|webp|avif|tiff|gif)$/.test(mediaType) ? mediaType : 'application/octet-stream'
}
