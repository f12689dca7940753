import { Button, Progress, UnstyledButton } from '@mantine/core'
import { IconCheck, IconChevronRight, IconDownload, IconRefresh } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import type { CatalogueEntry } from '../../../../contract/catalogue-schemas.ts'
import type { Job } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { formatEta, plural } from '../../app/format.ts'
import { ExternalLink } from '../../components/external-link.tsx'
import { Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { jobStateText } from '../jobs/job-words.ts'
import { JobButtons, useJobActions } from '../jobs/jobs-page.tsx'
import { CATALOGUE_GROUPS, entryStage, foldedEntries } from './catalogue-entries.ts'
import styles from './catalogue.module.css'
import { DownloadDialog } from './download-dialog.tsx'
import { BUILTIN_KINDS, CATALOGUE_ID, CATALOGUE_KINDS } from './model-words.ts'

/** Published models that a person may download, by their kind. `folded`: only the first ones of each, and those that are under way or there. */
export function Catalogue({ folded = false }: { readonly folded?: boolean }): ReactNode {
  const catalogue = useCall('models.catalogue', {})
  const jobs = useCall('jobs.list', {}).data ?? []
  const [asked, setAsked] = useState<CatalogueEntry | null>(null)
  return (
    <section id={CATALOGUE_ID} className={styles.catalogue} aria-label="Models for real streets">
      <h2 className={styles.title}>Models for real streets</h2>
      <p className={styles.what}>Published models, downloaded when you ask for one; each has its own licence.</p>
      {catalogue.isPending && <SkeletonRows rows={5} height={52} />}
      {catalogue.isError && <Failed error={catalogue.error} onRetry={() => void catalogue.refetch()} />}
      {catalogue.isSuccess && CATALOGUE_GROUPS.map((kind) => (
        <Group key={kind} kind={kind} entries={catalogue.data.filter((entry) => entry.kind === kind)} jobs={jobs} folded={folded} onDownload={setAsked} />
      ))}
      {asked !== null && <DownloadDialog entry={asked} onClose={() => setAsked(null)} />}
    </section>
  )
}

interface GroupProps {
  readonly kind: CatalogueEntry['kind']
  readonly entries: readonly CatalogueEntry[]
  readonly jobs: readonly Job[]
  readonly folded: boolean
  readonly onDownload: (entry: CatalogueEntry) => void
}

function Group({ kind, entries, jobs, folded, onDownload }: GroupProps): ReactNode {
  const [open, setOpen] = useState(false)
  const { first, rest } = foldedEntries(entries, jobs)
  const shown = !folded || open ? entries : first
  if (entries.length === 0) return null
  const { title, what } = CATALOGUE_KINDS[kind]
  return (
    <section className={styles.group} aria-label={title}>
      <h3 className={styles.kind}><span>{title}</span> {what}</h3>
      <div className={styles.entries}>
        {shown.map((entry) => <Entry key={entry.repo} entry={entry} jobs={jobs} onDownload={() => onDownload(entry)} />)}
        {folded && rest.length > 0 && (
          <UnstyledButton className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
            <IconChevronRight size={14} data-open={open} /> {open ? 'Fewer' : `${plural(rest.length, 'other')}: ${CATALOGUE_KINDS[kind].others}`}
          </UnstyledButton>
        )}
      </div>
    </section>
  )
}

interface EntryProps {
  readonly entry: CatalogueEntry
  readonly jobs: readonly Job[]
  readonly onDownload: () => void
}

function Entry({ entry, jobs, onDownload }: EntryProps): ReactNode {
  const [watched, setWatched] = useState<string | null>(null)
  const stage = entryStage(entry, jobs, watched)
  const watching = stage.kind === 'active' ? stage.job.id : stage.kind === 'there' ? null : watched
  if (watching !== watched) setWatched(watching)
  return (
    <article className={styles.entry} aria-label={entry.repo}>
      <div className={styles.text}>
        <div className={styles.top}>
          <span className={styles.name}><ExternalLink href={entry.page}>{entry.repo}</ExternalLink></span>
          <Tag>{BUILTIN_KINDS[entry.kind]}</Tag>
        </div>
        <div className={styles.summary}>{entry.summary}</div>
        <div className={styles.licence}>Licence: {entry.licence}</div>
        {stage.kind === 'active' && <Download job={stage.job} />}
        {stage.kind === 'failed' && <div className={styles.failure}><Notice tone="bad" title="The download stopped">{stage.job.error ?? 'The log of its job says why.'}</Notice></div>}
      </div>
      <div className={styles.action}>
        {stage.kind === 'there' && <There entry={entry} />}
        {stage.kind === 'active' && <Controls job={stage.job} />}
        {stage.kind === 'failed' && <TryAgain job={stage.job} />}
        {stage.kind === 'offered' && (
          <Button variant="default" size="compact-sm" leftSection={<IconDownload size={14} stroke={1.8} />} aria-label={`Download ${entry.repo}`} onClick={onDownload}>Download</Button>
        )}
      </div>
    </article>
  )
}

function There({ entry: { modelId } }: { readonly entry: CatalogueEntry }): ReactNode {
  const mark = <IconCheck size={14} stroke={2} aria-hidden />
  if (modelId === null) return <span className={styles.state}>{mark}downloaded; Distil offers it</span>
  return <Link href={`/models/${modelId}`} className={`${styles.state} ${styles.added}`}>{mark}added</Link>
}

function Download({ job }: { readonly job: Job }): ReactNode {
  const running = job.state === 'running'
  return (
    <div className={styles.download} role="status">
      <Progress value={job.progress * 100} color={running ? undefined : 'gray'} aria-label={`Progress of ${job.title}`} />
      <div className={styles.progress}>
        {running && job.stopping === null ? (
          <>
            <span className={styles.message}>{job.message}</span>
            <span className="faint">{formatEta(job.etaSeconds)}</span>
          </>
        ) : <span>{jobStateText(job)}{job.state === 'paused' && job.progress > 0 && ` at ${Math.floor(job.progress * 100)} %`}</span>}
      </div>
    </div>
  )
}

function Controls({ job }: { readonly job: Job }): ReactNode {
  const actions = useJobActions(job)
  return <JobButtons job={job} actions={actions} keys={null} />
}

function TryAgain({ job }: { readonly job: Job }): ReactNode {
  const { retry } = useJobActions(job)
  return (
    <Button
      variant="default" size="compact-sm" leftSection={<IconRefresh size={14} stroke={1.8} />} disabled={retry === null}
      aria-label={`Try again: ${job.title}`} onClick={() => retry?.()}
    >
      Try again
    </Button>
  )
}
