import { Button } from '@mantine/core'
import { IconPlayerPlay, IconPlayerSkipForward, IconPlayerStop } from '@tabler/icons-react'
import { useEffect, useState, type ReactNode } from 'react'
import type { Tour } from '../../../../contract/tour-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { TourInvitation } from './tour-invitation.tsx'
import styles from './tour-page.module.css'
import { TourResult } from './tour-result.tsx'
import { TourSteps } from './tour-steps.tsx'
import { currentStep, tourDuration } from './tour-words.ts'

/** The whole job once, on generated streets: each step as it happens, and what came of it. */
export function TourPage(): ReactNode {
  const answer = useCall('tour.get', {})
  if (answer.isError) return <Page title="Tour"><Failed error={answer.error} onRetry={() => void answer.refetch()} /></Page>
  if (answer.data === undefined) return <Page title="Tour"><SkeletonRows rows={5} height={72} /></Page>
  if (answer.data.tour === null) return <Page title="Tour"><div className={styles.narrow}><TourInvitation /></div></Page>
  return <Shown tour={answer.data.tour} />
}

function Shown({ tour }: { readonly tour: Tour }): ReactNode {
  const now = useSeconds(tour.state === 'running')
  const [again, setAgain] = useState(false)
  const step = currentStep(tour)
  const active = tour.state === 'running' || tour.state === 'paused'
  const halted = tour.state === 'paused' || tour.state === 'stopped' || tour.state === 'failed'
  const skip = useAction('tour.skip')
  const stop = useAction('tour.stop')
  const goOn = useAction('tour.goOn')
  const canSkip = step !== null && step.canSkip
  const skipIt = (): void => void (step !== null && skip.run({ step: step.name }))

  useShortcutScope('tour')
  useShortcut('skipTourStep', canSkip ? skipIt : null)
  useShortcut('stopTour', active ? () => void stop.run({}) : null)
  useShortcut('goOnTour', halted ? () => void goOn.run({}) : null)

  return (
    <Page
      title="Tour" subtitle={`${tour.settings.panoramas} generated streets · ${tourDuration(tour, now)}${tour.finishedAt === null ? ' so far' : ''}`}
      actions={
        <>
          {step !== null && (
            <Tip label="Go on with what this step has made so far" shortcut="skipTourStep">
              <Button variant="default" leftSection={<IconPlayerSkipForward size={15} stroke={1.7} />} disabled={!canSkip} loading={skip.busy} onClick={skipIt}>Skip</Button>
            </Tip>
          )}
          {active && (
            <Tip label="Stop the tour; what is finished is kept" shortcut="stopTour">
              <Button variant="default" leftSection={<IconPlayerStop size={15} stroke={1.7} />} loading={stop.busy} onClick={() => void stop.run({})}>Stop</Button>
            </Tip>
          )}
          {halted && (
            <Tip label={tour.state === 'failed' ? 'Try the step again' : 'Go on where it stopped'} shortcut="goOnTour">
              <Button leftSection={<IconPlayerPlay size={15} stroke={1.7} />} loading={goOn.busy} onClick={() => void goOn.run({})}>{tour.state === 'failed' ? 'Try again' : 'Go on'}</Button>
            </Tip>
          )}
          {(tour.state === 'done' || tour.state === 'stopped' || tour.state === 'failed') && <Button variant="default" onClick={() => setAgain(!again)}>Another tour</Button>}
        </>
      }
    >
      <div className={styles.columns}>
        {again && <TourInvitation again />}
        {step?.error !== undefined && step.error !== null && <Notice tone="bad" title="The tour cannot go on">{step.error}</Notice>}
        {tour.state === 'stopped' && <Notice tone="plain">Stopped. What was finished is kept; it goes on where it was.</Notice>}
        {tour.state === 'done' && <TourResult tour={tour} />}
        <TourSteps tour={tour} />
      </div>
    </Page>
  )
}

/** Now, by the second while it matters. */
function useSeconds(ticking: boolean): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    if (!ticking) return
    const timer = setInterval(() => setNow(new Date()), 1000)
    return () => clearInterval(timer)
  }, [ticking])
  return now
}
