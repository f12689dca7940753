import type { WireError } from '../../contract/errors.ts'
import type { Provider } from '../../contract/schemas.ts'
import type { ConvertNetworkRequest, ConvertNetworkResponse, MeasureNetworksRequest, MeasureNetworksResponse } from './export-protocol.ts'
import type { EngineProgress, LabelPanoramaRequest, LabelPanoramaResponse, ModelSignature } from './protocol.ts'
import type { EstimateTrainingRequest, SegmentRequest, SegmentResponse, TrainEvent, TrainingEstimate, TrainOrder, TrainRequest, TrainResponse } from './training-protocol.ts'

/** Messages between the host and the engine process: small numbers, paths and hashes. */

/** A labelling request whose provider has been settled by the host. */
export type SettledLabelRequest = Omit<LabelPanoramaRequest, 'provider'> & { readonly provider: Provider }

/** A request for a prediction whose provider has been settled by the host. */
export type SettledSegmentRequest = Omit<SegmentRequest, 'provider'> & { readonly provider: Provider }

/** A training whose provider has been settled by the host. */
export type SettledTrainRequest = Omit<TrainRequest, 'provider'> & { readonly provider: Provider }

/** How one provider did against the CPU on the probe (provider-probe.ts). */
export interface ProbeResult {
  readonly cpuMs: number
  readonly providerMs: number
  /** largest difference of the outputs, relative to the largest output */
  readonly difference: number
}

export interface EngineCalls {
  readonly inspect: { request: { path: string }; response: ModelSignature }
  readonly label: { request: SettledLabelRequest; response: LabelPanoramaResponse }
  readonly segment: { request: SettledSegmentRequest; response: SegmentResponse }
  readonly train: { request: SettledTrainRequest; response: TrainResponse }
  readonly estimateTraining: { request: EstimateTrainingRequest; response: TrainingEstimate }
  readonly convertNetwork: { request: ConvertNetworkRequest; response: ConvertNetworkResponse }
  readonly measureNetworks: { request: MeasureNetworksRequest; response: MeasureNetworksResponse }
  readonly probe: { request: { provider: Provider }; response: ProbeResult }
}
export type EngineCall = keyof EngineCalls

export type HostMessage =
  | { readonly type: 'configure'; readonly cpuThreads: number }
  | { readonly [C in EngineCall]: { readonly type: 'call'; readonly id: number; readonly call: C; readonly request: EngineCalls[C]['request'] } }[EngineCall]
  | { readonly type: 'cancel'; readonly id: number }
  /** to a training under way */
  | { readonly type: 'order'; readonly id: number; readonly order: TrainOrder }

export type EngineMessage =
  | { readonly type: 'ready'; readonly onnxruntimeVersion: string }
  | {
      readonly type: 'heartbeat'
      readonly rssBytes: number
      /** of the last session that was made */
      readonly provider: Provider | null
      /** providers that failed in this process, and how */
      readonly failedProviders: Readonly<Partial<Record<Provider, string>>>
    }
  | { readonly type: 'progress'; readonly id: number; readonly progress: EngineProgress }
  /** of a training: in order, none is left out */
  | { readonly type: 'events'; readonly id: number; readonly events: readonly TrainEvent[] }
  | { readonly type: 'done'; readonly id: number; readonly response: EngineCalls[EngineCall]['response'] }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }

const ENGINE_MESSAGES = new Set<unknown>(['ready', 'heartbeat', 'progress', 'events', 'done', 'failed'] satisfies EngineMessage['type'][])
const HOST_MESSAGES = new Set<unknown>(['configure', 'call', 'cancel', 'order'] satisfies HostMessage['type'][])

/** Both ends are the same build, so the kind of message is all there is to check. */
export function isEngineMessage(message: unknown): message is EngineMessage {
  return typeof message === 'object' && message !== null && 'type' in message && ENGINE_MESSAGES.has(message.type)
}

export function isHostMessage(message: unknown): message is HostMessage {
  return typeof message === 'object' && message !== null && 'type' in message && HOST_MESSAGES.has(message.type)
}

/** How often the engine says that it lives. */
export const HEARTBEAT_MS = 1000

/** What the process prints, followed by the reason, when it ends itself. */
export const LAST_WORDS = 'engine process ends: '
