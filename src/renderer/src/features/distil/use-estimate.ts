import { useEffect, useState } from 'react'
import type { Estimate } from '../../../../contract/training-schemas.ts'
import { describeError } from '../../app/errors.ts'
import { useStudio } from '../../app/studio.ts'
import type { DistillationRequest } from './distil-form.ts'

/** An estimate is asked for when a person has paused this long. */
const SETTLE_MS = 400

export interface LiveEstimate {
  /** the last that could be made */
  readonly estimate: Estimate | null
  /** why the present form has none */
  readonly error: unknown
  /** the form has changed since */
  readonly busy: boolean
}

/** What the request would cost; asked anew when it changes, the former answer is kept meanwhile. Null: nothing to ask yet. */
export function useEstimate(request: DistillationRequest | null): LiveEstimate {
  const { client } = useStudio()
  const [state, setState] = useState<LiveEstimate & { readonly of: string | null }>({ estimate: null, error: null, busy: false, of: null })
  // the name costs nothing
  const wanted = request === null ? null : JSON.stringify({ ...request, name: null })

  useEffect(() => {
    if (wanted === null) return
    const ending = new AbortController()
    const timer = setTimeout(() => {
      client.call('distillations.estimate', JSON.parse(wanted) as DistillationRequest, { signal: ending.signal }).then(
        (estimate) => setState({ estimate, error: null, busy: false, of: wanted }),
        (error: unknown) => {
          if (ending.signal.aborted || describeError(error).code === 'cancelled') return
          setState((before) => ({ estimate: before.estimate, error, busy: false, of: wanted }))
        },
      )
    }, SETTLE_MS)
    return () => {
      clearTimeout(timer)
      ending.abort()
    }
  }, [client, wanted])

  const busy = wanted !== null && state.of !== wanted
  return { estimate: state.estimate, error: busy || wanted === null ? null : state.error, busy }
}
