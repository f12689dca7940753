/** Something that was done and can be taken back. Both ways may fail (they talk to the host). */
export interface UndoStep {
  /** "Accept rathaus" */
  readonly label: string
  readonly undo: () => Promise<void>
  readonly redo: () => Promise<void>
}

export interface UndoStack {
  /**
   * Remembers a step that has been done, or is `doing`: then what is asked for meanwhile waits for it, and it is forgotten
   * where it fails. What was undone before can no longer be redone.
   */
  push(step: UndoStep, doing?: Promise<unknown>): void
  /** Takes the last step back and returns it; null when there is none. Rejects, and keeps the step, when it fails. */
  undo(): Promise<UndoStep | null>
  redo(): Promise<UndoStep | null>
  readonly canUndo: boolean
  readonly canRedo: boolean
}

/** Steps run one after another however fast they are asked for; the oldest beyond `limit` are forgotten. */
export function createUndoStack(limit = 500): UndoStack {
  const done: UndoStep[] = []
  const undone: UndoStep[] = []
  let last: Promise<unknown> = Promise.resolve()

  const move = (from: UndoStep[], to: UndoStep[], way: 'undo' | 'redo'): Promise<UndoStep | null> => {
    const result = last.then(async () => {
      const step = from.at(-1)
      if (step === undefined) return null
      await step[way]()
      // a step pushed meanwhile lies above this one: take out exactly the one that ran
      const at = from.lastIndexOf(step)
      if (at >= 0) from.splice(at, 1)
      to.push(step)
      return step
    })
    last = result.catch(() => null)
    return result
  }

  const remember = (step: UndoStep): void => {
    done.push(step)
    if (done.length > limit) done.shift()
    undone.length = 0
  }

  return {
    push: (step, doing) => {
      if (doing === undefined) {
        remember(step)
        return
      }
      const [before, succeeded] = [last, doing.then(() => true, () => false)]
      const rememberInTurn = async (): Promise<void> => {
        await before
        if (await succeeded) remember(step)
      }
      last = rememberInTurn()
    },
    undo: () => move(done, undone, 'undo'),
    redo: () => move(undone, done, 'redo'),
    get canUndo() {
      return done.length > 0
    },
    get canRedo() {
      return undone.length > 0
    },
  }
}
