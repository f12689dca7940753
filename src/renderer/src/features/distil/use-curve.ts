import { useEffect, useRef, useState } from 'react'
import type { Curve, LossPoint, ScorePoint } from '../../../../contract/training-schemas.ts'
import { useStudio } from '../../app/studio.ts'
import { appendToCurve } from './curve.ts'

/** Points asked for at first; the host thins a longer curve. */
const FETCHED = 2000
/** Points that come in are drawn together, so that a fast run draws no more often than this. */
const DRAW_MS = 500

export interface LiveCurve {
  /** null: not there yet */
  readonly curve: Curve | null
  readonly error: unknown
  readonly retry: () => void
  /** time left as the run itself says; null: not known */
  readonly etaSeconds: number | null
}

/** The curve of a run: fetched once, then grown by what the run reports; fetched again after the link was lost. */
export function useCurve(distillation: string): LiveCurve {
  const { client } = useStudio()
  const [state, setState] = useState<Omit<LiveCurve, 'retry'>>({ curve: null, error: null, etaSeconds: null })
  const again = useRef<() => void>(() => undefined)

  useEffect(() => {
    let ending = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let fetched = false
    let wasLost = false
    let etaSeconds: number | null = null
    const points: LossPoint[] = []
    const scores: ScorePoint[] = []

    const draw = (): void => {
      timer = undefined
      // what comes before the answer is kept until it is there
      if (!fetched) return
      const later = { points: points.splice(0), scores: scores.splice(0) }
      setState((before) => ({ ...before, etaSeconds, curve: before.curve === null ? later : appendToCurve(before.curve, later) }))
    }
    const show = (curve: Curve): void => {
      fetched = true
      setState((before) => ({ ...before, curve, error: null }))
      draw()
    }
    const fetchAll = (): void => {
      ending.abort()
      ending = new AbortController()
      const { signal } = ending
      fetched = false
      client.call('distillations.curve', { distillation, afterStep: -1, maxPoints: FETCHED }, { signal }).then(
        (curve) => (signal.aborted ? undefined : show(curve)),
        (error: unknown) => (signal.aborted ? undefined : setState((before) => ({ ...before, error }))),
      )
    }
    const unsubscribe = client.subscribe('on.training', {}, (event) => {
      if (event.distillationId !== distillation) return
      if (event.point !== null) points.push(event.point)
      if (event.score !== null) scores.push(event.score)
      etaSeconds = event.etaSeconds
      timer ??= setTimeout(draw, DRAW_MS)
    }, (link) => {
      // what happened meanwhile was not heard
      if (link === 'live' && wasLost) fetchAll()
      wasLost = link === 'lost'
    })
    again.current = fetchAll
    fetchAll()
    return () => {
      unsubscribe()
      ending.abort()
      clearTimeout(timer)
    }
  }, [client, distillation])

  return { ...state, retry: () => again.current() }
}
