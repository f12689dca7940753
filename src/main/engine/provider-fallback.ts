import type { Provider } from '../../contract/schemas.ts'
import type { LabelPanoramaResponse } from './protocol.ts'
import { ProviderFailure } from './sessions.ts'

/**
 * Works on `provider`; where that fails, again from the start on the CPU, loudly. Only when the CPU succeeds was it the
 * provider's fault: then it goes into `failed` and is not tried again by this process. `warning`: a sentence; null where
 * nothing failed.
 */
export async function onProviderOrCpu<Result>(
  provider: Provider,
  failed: Partial<Record<Provider, string>>,
  work: (provider: Provider) => Promise<Result>,
): Promise<{ readonly result: Result; readonly warning: string | null }> {
  let reason = failed[provider]
  if (reason === undefined) {
    try {
      return { result: await work(provider), warning: null }
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      reason = error.message
    }
  }
  const result = await work('cpu')
  failed[provider] = reason
  return { result, warning: `${provider} failed and the CPU took over: ${reason}` }
}

/** `onProviderOrCpu` for labelling: the warning is the response's first. */
export async function withFallback(
  provider: Provider,
  failed: Partial<Record<Provider, string>>,
  label: (provider: Provider) => Promise<LabelPanoramaResponse>,
): Promise<LabelPanoramaResponse> {
  const { result, warning } = await onProviderOrCpu(provider, failed, label)
  return warning === null ? result : { ...result, warnings: [{ message: warning, shared: null }, ...result.warnings] }
}
