import { expect, test } from 'vitest'
import type { Provider } from '../../contract/schemas.ts'
import { StudioError } from '../../contract/errors.ts'
import type { LabelPanoramaResponse } from './protocol.ts'
import { withFallback } from './provider-fallback.ts'
import { ProviderFailure } from './sessions.ts'

function response(provider: Provider): LabelPanoramaResponse {
  return {
    artifacts: { masks: null, semantics: 'a'.repeat(64), boundary: null, fusion: 'b'.repeat(64) },
    embeddings: [],
    stats: {
      masks: 0, coverage: 0, meanConfidence: 1, disagreement: 0, consistency: 0, seconds: 1, ortSeconds: 1, provider,
      cached: { embeddings: 0, masks: false, semantics: false },
    },
    warnings: [{ message: 'few masks', shared: null }],
  }
}

test('a provider that fails is replaced by the CPU with a warning, and not tried again', async () => {
  const failed = {}
  const tried: Provider[] = []
  const label = async (provider: Provider): Promise<LabelPanoramaResponse> => {
    tried.push(provider)
    if (provider === 'webgpu') throw new ProviderFailure('device lost')
    return response(provider)
  }
  for (let panorama = 0; panorama < 2; panorama++) {
    const labelled = await withFallback('webgpu', failed, label)
    expect(labelled.stats.provider).toBe('cpu')
    expect(labelled.warnings.map(({ message }) => message)).toEqual(['webgpu failed and the CPU took over: device lost', 'few masks'])
  }
  expect(tried).toEqual(['webgpu', 'cpu', 'cpu'])
  expect(failed).toEqual({ webgpu: 'device lost' })
})

test('where the CPU fails too it was the model: its error counts, the provider keeps its name', async () => {
  const failed = {}
  const labelling = withFallback('webgpu', failed, (provider) =>
    Promise.reject(provider === 'webgpu' ? new ProviderFailure('not finite') : new StudioError('bad-model', 'NaN in logits')))
  await expect(labelling).rejects.toMatchObject({ code: 'bad-model' })
  expect(failed).toEqual({})
})

test('other errors and success pass through untouched', async () => {
  await expect(withFallback('webgpu', {}, () => Promise.reject(new StudioError('cancelled', 'Cancelled.')))).rejects.toMatchObject({ code: 'cancelled' })
  await expect(withFallback('cuda', {}, async (provider) => response(provider))).resolves.toEqual(response('cuda'))
})
