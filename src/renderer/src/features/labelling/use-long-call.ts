import { useEffect, useRef, useState } from 'react'
import type { Input, Output } from '../../../../contract/procedures.ts'
import type { MutationName } from '../../app/calls.ts'
import { describeError } from '../../app/errors.ts'
import { useStudio } from '../../app/studio.ts'

export interface LongCall<N extends MutationName> {
  readonly run: (input: Input<N>) => void
  readonly cancel: () => void
  readonly busy: boolean
  readonly result: Output<N> | null
  readonly error: unknown
}

/** A call that takes its time: it can be cancelled, and is when the dialog that asked for it goes. */
export function useLongCall<N extends MutationName>(name: N): LongCall<N> {
  const { client } = useStudio()
  const [state, setState] = useState<{ busy: boolean; result: Output<N> | null; error: unknown }>({ busy: false, result: null, error: null })
  const ending = useRef<AbortController | null>(null)
  useEffect(() => () => ending.current?.abort(), [])

  const run = (input: Input<N>): void => {
    ending.current?.abort()
    const controller = new AbortController()
    ending.current = controller
    setState({ busy: true, result: null, error: null })
    client.call(name, input, { signal: controller.signal }).then(
      (result) => setState({ busy: false, result, error: null }),
      (error: unknown) => {
        // a newer call has taken over
        if (ending.current !== controller) return
        setState({ busy: false, result: null, error: describeError(error).code === 'cancelled' ? null : error })
      },
    )
  }
  return { run, cancel: () => ending.current?.abort(), ...state }
}
