import { Collapse, SegmentedControl, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { Comparison } from '../../../../contract/training-schemas.ts'
import type { Tour, TourSubject } from '../../../../contract/tour-schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useCall } from '../../app/calls.ts'
import table from '../../components/list-table.module.css'
import { Section } from '../../components/page.tsx'
import { Failed } from '../../components/states.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import { ClassDifferences, type Column } from '../evaluations/compare-tables.tsx'
import { compareHref, formatPoints, METRICS, shareOr } from '../evaluations/evaluation-words.ts'
import { paintLabels } from '../evaluations/label-pictures.ts'
import { MapCanvas } from '../evaluations/map-canvas.tsx'
import { CATALOGUE_HREF } from '../models/model-words.ts'
import { useLabelSet } from './tour-pictures.tsx'
import styles from './tour-result.module.css'
import { SUBJECT_ORDER, SUBJECT_WORDS } from './tour-words.ts'

/** in device pixels */
const WIDTH_PX = 800

interface Scored {
  readonly subject: TourSubject
  readonly evaluationId: string
}

/** Before and after, against the hidden truth: numbers and pictures. */
export function TourResult({ tour }: { readonly tour: Tour }): ReactNode {
  const result = useComparison(tour)
  const labelSet = useLabelSet()
  if (result === null || labelSet === null) return null
  return 'error' in result ? <Failed error={result.error} onRetry={result.retry} /> : <Ready {...result} labelSet={labelSet} />
}

/** What is scored so far, in numbers. */
export function TourScores({ tour }: { readonly tour: Tour }): ReactNode {
  const result = useComparison(tour)
  if (result === null) return null
  return 'error' in result ? <Failed error={result.error} onRetry={result.retry} /> : <div className={styles.soFar}><Scores {...result} /></div>
}

type ComparisonResult = Pick<ReadyProps, 'scored' | 'comparison'> | { readonly error: unknown; readonly retry: () => void }

/** null: fewer than two are scored, or not read yet. */
function useComparison(tour: Tour): ComparisonResult | null {
  const done = useCall('evaluations.list', {}).data?.filter(({ status }) => status === 'done') ?? []
  const scored = SUBJECT_ORDER.flatMap((subject): Scored[] => tour.evaluations.filter((one) => one.subject === subject && done.some(({ id }) => id === one.evaluationId)))
  const comparison = useCall('evaluations.compare', { evaluationIds: scored.map(({ evaluationId }) => evaluationId) }, { enabled: scored.length >= 2, keepPrevious: true })
  if (comparison.isError) return { error: comparison.error, retry: () => void comparison.refetch() }
  if (scored.length < 2 || comparison.data === undefined) return null
  // the former comparison is shown until the new one is there
  const known = comparison.data.evaluations.flatMap(({ id }): Scored[] => scored.filter((one) => one.evaluationId === id))
  return { scored: known, comparison: comparison.data }
}

interface ReadyProps {
  readonly scored: readonly Scored[]
  readonly comparison: Comparison
  readonly labelSet: LabelSet
}

function Ready({ scored, comparison, labelSet }: ReadyProps): ReactNode {
  const [open, setOpen] = useState(false)
  const top = useRef<HTMLDivElement>(null)
  // it comes above everything that led to it
  useEffect(() => {
    // newer browsers return a promise, which is no clean-up
    void top.current?.scrollIntoView({ block: 'start' })
  }, [])
  const columns = comparison.evaluations.map((evaluation, index): Column => ({
    letter: 'ABCD'[index], evaluation: { ...evaluation, subject: { ...evaluation.subject, name: SUBJECT_WORDS[scored[index].subject].title } },
  }))
  return (
    <>
      <div ref={top} />
      <Section title="Before and after, against the hidden truth">
        <Scores scored={scored} comparison={comparison} />
        <UnstyledButton className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          <IconChevronRight size={14} data-open={open} /> IoU per class
        </UnstyledButton>
        <Collapse expanded={open}><ClassDifferences columns={columns} perClass={comparison.perClass} labelSet={labelSet} /></Collapse>
        <p className={styles.note}>
          The built-in models know generated streets; for real ones <Link href={CATALOGUE_HREF}>choose from the catalogue</Link>. More: <Link href={compareHref(comparison.evaluations.map(({ id }) => id))}>compare in full</Link>.
        </p>
      </Section>
      <Pictures scored={scored} comparison={comparison} labelSet={labelSet} />
    </>
  )
}

/** Seam consistency is left out: of labels and of networks it is not measured in the same way. */
const SHOWN_METRICS = METRICS.filter(({ key }) => key === 'miou' || key === 'boundaryF' || key === 'pixelAccuracy')

function Scores({ scored, comparison }: Pick<ReadyProps, 'scored' | 'comparison'>): ReactNode {
  const [first] = comparison.evaluations
  return (
    <table className={`${table.table} ${styles.scores}`} aria-label="Before and after">
      <thead>
        <tr>
          <th>Scored</th>
          {SHOWN_METRICS.map(({ key, name, definition }) => <th key={key} className={table.number} title={definition}>{name}</th>)}
        </tr>
      </thead>
      <tbody>
        {comparison.evaluations.map(({ id, result }, index) => {
          const { title, what } = SUBJECT_WORDS[scored[index].subject]
          return (
            <tr key={id} data-subject={scored[index].subject}>
              <td><Link href={`/evaluations/${id}`} className={table.name}>{title}</Link> <span className="faint">{what}</span></td>
              {SHOWN_METRICS.map(({ key }) => {
                const points = index === 0 ? '' : formatPoints(result?.[key] ?? null, first.result?.[key] ?? null)
                return (
                  <td key={key} className={table.number}>
                    {points !== '' && <span className={styles.points} data-way={points.startsWith('+') ? 'up' : points.startsWith('±') ? 'same' : 'down'}>{points}</span>}
                    <span className={styles.value}>{shareOr(result?.[key])}</span>
                  </td>
                )
              })}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** One panorama as everybody sees it. */
function Pictures({ scored, comparison, labelSet }: Pick<ReadyProps, 'scored' | 'comparison' | 'labelSet'>): ReactNode {
  const panoramas = comparison.perPanorama.toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
  const [wanted, setWanted] = useState<string | null>(null)
  const shown = panoramas.find(({ panoramaId }) => panoramaId === wanted) ?? panoramas.at(0)
  const panorama = useCall('panoramas.get', { panoramaId: shown?.panoramaId ?? '' }, { enabled: shown !== undefined, keepPrevious: true }).data
  const truth = useCall('panoramas.truth', { panoramaId: shown?.panoramaId ?? '' }, { enabled: shown !== undefined, keepPrevious: true }).data?.map ?? null
  if (shown === undefined || panorama === undefined) return null
  const map = (title: string, hash: string): ReactNode => (
    <figure key={title} className={styles.figure}>
      <figcaption className={styles.caption}>{title}</figcaption>
      <MapCanvas label={`${title} on ${shown.name}`} maps={[hash]} paint={([labels]) => paintLabels(labels, labelSet, WIDTH_PX)} />
    </figure>
  )
  return (
    <Section
      title="In pictures"
      aside={panoramas.length > 1 && (
        <SegmentedControl
          size="xs" aria-label="Panorama" value={shown.panoramaId} onChange={setWanted}
          data={panoramas.slice(0, 16).map(({ panoramaId }, index) => ({ value: panoramaId, label: `${index + 1}` }))}
        />
      )}
    >
      <div className={styles.maps} role="group" aria-label={`Pictures of ${shown.name}`}>
        <figure className={styles.figure}>
          <figcaption className={styles.caption}>Panorama</figcaption>
          <Thumbnail image={panorama.image} alt={panorama.name} aspect={panorama.width / panorama.height} />
        </figure>
        {truth !== null && map('Hidden truth', truth)}
        {scored.map(({ subject }, index) => map(SUBJECT_WORDS[subject].picture, shown.predictions[index]))}
      </div>
    </Section>
  )
}
