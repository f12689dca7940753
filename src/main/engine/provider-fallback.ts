import type { Provider } from '../../contract/schemas.ts'
import type { LabelPanoramaResponse } from './protocol.ts'
import { ProviderFailure } from './sessions.ts'

/**
 * Labels on `provider`; where that fails, again from the start on the CPU, loudly. Only when the CPU succeeds was it the
 * provider's fault: then it goes into `failed` and is not tried again by this process.
 */
export async function withFallback(
  provider: Provider,
  failed: Partial<Record<Provider, string>>,
  label: (provider: Provider) => Promise<LabelPanoramaResponse>,
): Promise<LabelPanoramaResponse> {
  let reason = failed[provider]
  if (reason === undefined) {
    try {
      return await label(provider)
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      reason = error.message
    }
  }
  const response = await label('cpu')
  failed[provider] = reason
  return { ...response, warnings: [{ message: `${provider} failed and the CPU took over: ${reason}`, shared: null }, ...response.warnings] }
}
