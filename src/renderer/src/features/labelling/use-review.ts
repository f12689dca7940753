import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { PanoramaResult, ReviewVerdict } from '../../../../contract/schemas.ts'
import { notifyError } from '../../app/calls.ts'
import { resultsKey } from '../../app/lists.ts'
import { useStudio } from '../../app/studio.ts'
import { createUndoStack, type UndoStep } from '../../app/undo.ts'

const WORDS: Readonly<Record<ReviewVerdict | 'open', string>> = { accepted: 'Accept', rejected: 'Reject', open: 'Take back the review of' }

export interface Review {
  /** null takes the review back */
  readonly set: (result: PanoramaResult, verdict: ReviewVerdict | null) => void
  readonly undo: () => void
  readonly redo: () => void
}

/** Reviews of a run: shown at once, sent behind, put back when the host refuses; each can be undone. */
export function useReview(run: string, onShow: (panoramaId: string) => void): Review {
  const { client } = useStudio()
  const cache = useQueryClient()
  const [stack] = useState(() => createUndoStack())

  const apply = useCallback(async (panoramaId: string, verdict: ReviewVerdict | null): Promise<void> => {
    const key = resultsKey(run)
    let before: ReviewVerdict | null = null
    const put = (change: (result: PanoramaResult) => PanoramaResult): void => {
      cache.setQueryData<readonly PanoramaResult[]>(key, (results) => results?.map((one) => (one.panoramaId === panoramaId ? change(one) : one)))
    }
    // an answer that is on its way is older than what is shown from here on
    await cache.cancelQueries({ queryKey: key })
    put((result) => {
      before = result.review
      return { ...result, review: verdict }
    })
    try {
      const saved = await client.call('reviews.set', { run, panoramaId, verdict })
      put(() => saved)
    } catch (error) {
      put((result) => ({ ...result, review: before }))
      throw error
    }
  }, [cache, client, run])

  const set = useCallback((result: PanoramaResult, verdict: ReviewVerdict | null): void => {
    const { panoramaId, review: former } = result
    if (verdict === former) return
    const step: UndoStep = {
      label: `${WORDS[verdict ?? 'open']} ${result.name}`,
      undo: () => apply(panoramaId, former).then(() => onShow(panoramaId)),
      redo: () => apply(panoramaId, verdict).then(() => onShow(panoramaId)),
    }
    const doing = apply(panoramaId, verdict)
    doing.catch(notifyError)
    // it is shown already: who takes it back at once means this step, not the one before
    stack.push(step, doing)
  }, [apply, onShow, stack])

  return {
    set,
    undo: () => void stack.undo().then((step) => tell(step === null ? 'Nothing to undo' : `Undone: ${step.label}`), notifyError),
    redo: () => void stack.redo().then((step) => tell(step === null ? 'Nothing to redo' : `Done again: ${step.label}`), notifyError),
  }
}

function tell(message: string): void {
  notifications.show({ message, autoClose: 2000, color: 'gray' })
}
