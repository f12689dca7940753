import { Button, Collapse, UnstyledButton } from '@mantine/core'
import { IconChevronRight, IconPlayerPlay, IconRoute } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { DEFAULT_TOUR_SETTINGS, tourSettingsSchema, type TourSettings } from '../../../../contract/tour-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { ActionFailure, Notice } from '../../components/states.tsx'
import { NumberField } from '../distil/number-field.tsx'
import styles from './tour-invitation.module.css'
import { currentStep, STEP_WORDS, usualDuration } from './tour-words.ts'

/** The offer to see the whole job on generated streets, or the way back to a tour that is under way. */
export function TourInvitation({ again = false }: { /** on the tour's own page, after one is over */ readonly again?: boolean }): ReactNode {
  const [, navigate] = useLocation()
  const tour = useCall('tour.get', {}).data?.tour
  const missing = useCall('models.builtin', {}).data?.filter(({ bytes }) => bytes === null).map(({ name }) => name) ?? []
  const start = useAction('tour.start', { inline: true })
  const [changing, setChanging] = useState(false)
  const [settings, setSettings] = useState<TourSettings>(DEFAULT_TOUR_SETTINGS)
  const set = (patch: Partial<TourSettings>): void => setSettings((before) => ({ ...before, ...patch }))
  const valid = tourSettingsSchema.safeParse(settings).success

  if (tour !== undefined && tour !== null && tour.state !== 'done' && !again) {
    const step = currentStep(tour)
    return (
      <section className={styles.card} aria-label="Try it on generated streets">
        <h2 className={styles.title}><IconRoute size={18} stroke={1.7} /> The tour is {tour.state === 'running' ? 'under way' : tour.state}</h2>
        <p className={styles.text}>{step === null ? '' : `${STEP_WORDS[step.name].title}.`} You can look at every page meanwhile.</p>
        <div className={styles.actions}><Button size="md" onClick={() => navigate('/tour')}>Open the tour</Button></div>
      </section>
    )
  }
  const begin = async (): Promise<void> => {
    if ((await start.run(settings)) !== null) navigate('/tour')
  }
  return (
    <section className={styles.card} aria-label="Try it on generated streets">
      <h2 className={styles.title}><IconRoute size={18} stroke={1.7} /> Try it on generated streets</h2>
      <p className={styles.text}>
        The whole job once, with nothing of your own: {settings.panoramas} street panoramas are drawn, labelled with the built-in models and taught to a small student,
        and everything is scored against a truth that only the scores may see. {usualDuration(settings)}
      </p>
      {missing.length > 0 && <div className={styles.missing}><Notice tone="warn">Built-in models are missing from this installation ({missing.join(', ')}): restore its folder resources/models, then open this page again.</Notice></div>}
      <ActionFailure error={start.error} />
      <div className={styles.actions}>
        <Button size="md" leftSection={<IconPlayerPlay size={16} stroke={2} />} disabled={!valid || missing.length > 0} loading={start.busy} onClick={() => void begin()}>Try it on generated streets</Button>
        <UnstyledButton className={styles.more} aria-expanded={changing} onClick={() => setChanging(!changing)}>
          <IconChevronRight size={14} data-open={changing} /> Change what it makes
        </UnstyledButton>
      </div>
      <Collapse expanded={changing}>
        <div className={styles.settings}>
          <NumberField label="Panoramas" step={1} integer value={settings.panoramas} onChange={(panoramas) => set({ panoramas })} />
          <NumberField label="Width" step={256} integer suffix=" px" value={settings.width} onChange={(width) => set({ width, height: Math.round(width / 2) })} />
          <NumberField label="Seed" step={1} integer value={settings.seed} onChange={(seed) => set({ seed })} />
          <NumberField label="Training width" step={64} integer suffix=" px" value={settings.trainWidth} onChange={(trainWidth) => set({ trainWidth, trainHeight: Math.round(trainWidth / 2) })} />
          <NumberField label="Training steps" step={100} integer placeholder="what fits in" value={settings.steps ?? ''} onEmpty={() => set({ steps: null })} onChange={(steps) => set({ steps })} />
        </div>
        {!valid && <p className={styles.wrong} role="alert">At least 2 panoramas of 64 pixels; the training width is a multiple of 64.</p>}
      </Collapse>
    </section>
  )
}
