import type { EngineLife } from './engine-life.ts'
import type { SettledTrainRequest } from './messages.ts'
import type { TrainControl, TrainEvent, TrainResponse } from './training-protocol.ts'

export interface TrainingCallOptions {
  readonly signal: AbortSignal
  readonly onEvent: (event: TrainEvent) => void
  readonly control: TrainControl
}

/** The host's side of a training: events in order, orders as they are given. What `onEvent` throws ends it. */
export async function callTraining(engine: EngineLife, request: SettledTrainRequest, { signal, onEvent, control }: TrainingCallOptions): Promise<TrainResponse> {
  const failed = new AbortController()
  const listening = new AbortController()
  let endListening: (() => void) | undefined
  const onEvents = (events: readonly TrainEvent[]): void => {
    try {
      for (const event of events) if (!failed.signal.aborted) onEvent(event)
    } catch (error) {
      failed.abort(error)
    }
  }
  try {
    const response = await engine.call('train', request, {
      signal: AbortSignal.any([signal, failed.signal]),
      what: `training ${request.name}`,
      onEvents,
      onBegin(give) {
        const pause = (): void => give({ kind: 'pause' })
        if (control.pause.aborted) pause()
        else control.pause.addEventListener('abort', pause, { signal: listening.signal })
        endListening = control.onLearningRateFactor((factor) => give({ kind: 'learning-rate-factor', factor }))
      },
    })
    failed.signal.throwIfAborted()
    return response
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error
  } finally {
    listening.abort()
    endListening?.()
  }
}
