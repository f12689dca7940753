import { describe, expect, it } from 'vitest'
import { TOUR_STEPS, TOUR_SUBJECTS } from '../../../../contract/tour-schemas.ts'
import { currentStep, STEP_WORDS, stepProgress, stepStateText, SUBJECT_ORDER, tourDuration } from './tour-words.ts'

const step = (name: 'draw' | 'label' | 'distil', state: 'done' | 'skipped' | 'failed' | 'waiting') => ({ name, state, jobIds: [], error: null, canSkip: false })

describe('the tour in words', () => {
  it('says of every step what happens and why, in two sentences', () => {
    for (const name of TOUR_STEPS) expect(STEP_WORDS[name].what.match(/[^.:]+\.(?=\s|$)/g)).toHaveLength(2)
  })

  it('compares everything that is scored', () => {
    expect(SUBJECT_ORDER.toSorted()).toEqual(TOUR_SUBJECTS.toSorted())
  })

  it('says that a step waits where another job is before its own', () => {
    expect(stepStateText({ state: 'running' }, [{ state: 'queued' }])).toBe('Waits for its turn')
    expect(stepStateText({ state: 'running' }, [{ state: 'done' }, { state: 'running' }, { state: 'queued' }])).toBe('Under way')
    expect(stepStateText({ state: 'running' }, [])).toBe('Under way')
    expect(stepStateText({ state: 'failed' }, [{ state: 'failed' }])).toBe('Failed')
  })

  it('adds up the jobs of a step; one that is not begun counts as nothing', () => {
    expect(stepProgress([{ progress: 0.2, state: 'done' }, { progress: 0.5, state: 'running' }], 3)).toBe(0.5)
    expect(stepProgress([], 0)).toBe(0)
  })

  it('measures from its start to its end, or until now', () => {
    const startedAt = '2026-01-01T10:00:00.000Z'
    expect(tourDuration({ startedAt, finishedAt: null }, new Date('2026-01-01T10:01:30.000Z'))).toBe('1 min 30 s')
    expect(tourDuration({ startedAt, finishedAt: '2026-01-01T10:07:00.000Z' }, new Date('2026-02-01T00:00:00.000Z'))).toBe('7 min')
  })

  it('finds the step that a person looks at', () => {
    expect(currentStep({ steps: [step('draw', 'done'), step('label', 'skipped'), step('distil', 'failed')] })?.name).toBe('distil')
    expect(currentStep({ steps: [step('draw', 'done'), step('label', 'skipped')] })).toBeNull()
  })
})
