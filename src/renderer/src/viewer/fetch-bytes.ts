/**
 * Fetches a file with progress (0..1; only where the host says how long it is).
 * Throws Error naming what was asked for, or the abort's reason.
 */
export async function fetchBytes(
  url: string, options: { what: string; signal: AbortSignal; priority?: 'high' | 'low'; onProgress?: (fraction: number) => void },
): Promise<Blob> {
  const response = await fetch(url, { signal: options.signal, priority: options.priority ?? 'auto' }).catch((cause: unknown) => {
    options.signal.throwIfAborted()
    throw new Error(`${options.what} could not be fetched: the host does not answer. Is it still running?`, { cause })
  })
  if (!response.ok) {
    const remedy = response.status === 404 ? 'It may have been removed from the workspace: run that step again.' : 'Try again.'
    throw new Error(`${options.what} could not be fetched (HTTP ${response.status}). ${remedy}`)
  }
  const total = Number(response.headers.get('content-length') ?? 0)
  if (!response.body || !options.onProgress || total <= 0) return response.blob()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let received = 0
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(chunks, { type: response.headers.get('content-type') ?? '' })
    chunks.push(value)
    received += value.byteLength
    options.onProgress(Math.min(received / total, 1))
  }
}
