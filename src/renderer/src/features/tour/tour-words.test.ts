import { describe, expect, it } from 'vitest'
import type { JobState } from '../../../../contract/schemas.ts'
import { DEFAULT_TOUR_SETTINGS, TOUR_STEPS, TOUR_SUBJECTS } from '../../../../contract/tour-schemas.ts'
import { currentStep, STEP_WORDS, stepProgress, stepStateText, SUBJECT_ORDER, tourDuration, usualDuration } from './tour-words.ts'

const step = (name: 'draw' | 'label' | 'distil', state: 'done' | 'skipped' | 'failed' | 'waiting') => ({ name, state, jobIds: [], error: null, canSkip: false })

const labelling = (state: 'running' | 'failed', ...jobs: JobState[]) =>
  stepStateText({ name: 'label', state }, jobs.map((each) => ({ state: each, done: 0 })), { studentId: null })
const skippedTraining = (state: JobState, done: number, studentId: string | null) =>
  stepStateText({ name: 'distil', state: 'skipped' }, [{ state, done }], { studentId })

describe('the tour in words', () => {
  it('says of every step what happens and why, in two sentences', () => {
    for (const name of TOUR_STEPS) expect(STEP_WORDS[name].what.match(/[^.:]+\.(?=\s|$)/g)).toHaveLength(2)
  })

  it('compares everything that is scored', () => {
    expect(SUBJECT_ORDER.toSorted()).toEqual(TOUR_SUBJECTS.toSorted())
  })

  it('says that a step waits where another job is before its own', () => {
    expect(labelling('running', 'queued')).toBe('Waits for its turn')
    expect(labelling('running', 'done', 'running', 'queued')).toBe('Under way')
    expect(labelling('running')).toBe('Under way')
    expect(labelling('failed', 'failed')).toBe('Failed')
  })

  it('says what is left of a training that was skipped', () => {
    expect(skippedTraining('running', 3, null)).toBe('Skipped: saves what it has learned')
    expect(skippedTraining('cancelled', 3, 'student_1')).toBe('Skipped: the student is what it had learned by then')
    expect(skippedTraining('cancelled', 0, null)).toBe('Skipped: it had learned nothing yet, so there is no student')
    expect(skippedTraining('cancelled', 3, null)).toBe('Skipped: what it learned was not kept, so there is no student')
    expect(stepStateText({ name: 'score-student', state: 'skipped' }, [], { studentId: null })).toBe('Skipped: there is no student to score')
    expect(stepStateText({ name: 'label', state: 'skipped' }, [{ state: 'cancelled', done: 1 }], { studentId: null })).toBe('Skipped')
  })

  it('promises a duration for what was measured alone', () => {
    expect(usualDuration({ ...DEFAULT_TOUR_SETTINGS, seed: 7 })).toMatch(/^About 8 minutes/)
    for (const other of [{ panoramas: 13 }, { width: 2048, height: 1024 }, { trainWidth: 1024, trainHeight: 512 }, { steps: 100 }]) {
      expect(usualDuration({ ...DEFAULT_TOUR_SETTINGS, ...other })).toBeNull()
    }
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
