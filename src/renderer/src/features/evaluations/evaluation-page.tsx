import { ActionIcon, Button, Progress } from '@mantine/core'
import { IconRefresh, IconTrash } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { EvaluationRecord } from '../../../../contract/training-schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { formatWhen, plural } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { ConfirmDialog } from '../../components/dialogs.tsx'
import { Tip } from '../../components/keys.tsx'
import { Fact, Page, Section } from '../../components/page.tsx'
import { Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { JobLog } from '../jobs/job-log.tsx'
import { JobButtons, useJobActions } from '../jobs/jobs-page.tsx'
import { JOB_TONES, jobNumbers, jobStateText } from '../jobs/job-words.ts'
import { SkippedList } from '../labelling/skipped-list.tsx'
import { LatitudeChart } from './charts.ts'
import { ClassTable } from './class-table.tsx'
import { ConfusionMatrix } from './confusion-matrix.tsx'
import { EvaluateDialog } from './evaluate-dialog.tsx'
import styles from './evaluation-page.module.css'
import { evaluationTitle, formatMilliseconds, isKept, MODES, SUBJECT_NAMES, subjectHref } from './evaluation-words.ts'
import { PanoramaScores } from './panorama-scores.tsx'
import { Scores } from './scores.tsx'

const PARENT = { href: '/evaluations', label: 'Evaluations' }

/** One evaluation in full. */
export function EvaluationPage({ id }: { readonly id: string }): ReactNode {
  const evaluation = useCall('evaluations.get', { evaluationId: id })
  const labelSets = useCall('labelSets.list', {})
  const datasets = useCall('datasets.list', {})
  const failed = [evaluation, labelSets, datasets].find((query) => query.isError)
  if (failed !== undefined) return <Page title="Evaluation" parent={PARENT}><Failed error={failed.error} onRetry={() => void failed.refetch()} /></Page>
  if (evaluation.data === undefined || labelSets.data === undefined || datasets.data === undefined) {
    return <Page title={'\u00a0'} parent={PARENT}><SkeletonRows rows={6} height={60} /></Page>
  }
  const { datasetId } = evaluation.data
  const labelSetId = datasets.data.find((one) => one.id === datasetId)?.labelSetId
  const labelSet = labelSets.data.find((one) => one.id === labelSetId) ?? labelSets.data[0]
  return <Ready evaluation={evaluation.data} labelSet={labelSet} />
}

function Ready({ evaluation, labelSet }: { readonly evaluation: EvaluationRecord; readonly labelSet: LabelSet }): ReactNode {
  const { subject, datasetId, datasetName, mode, result, confusion, perPanorama, truth } = evaluation
  const [again, setAgain] = useState(false)
  return (
    <Page
      title={`${subject.name} on ${datasetName}`} parent={PARENT}
      subtitle={`${SUBJECT_NAMES[subject.kind]}${mode === null ? '' : ` · ${MODES[mode].name.toLowerCase()}`}`}
      actions={
        <>
          <Button variant="default" leftSection={<IconRefresh size={14} />} onClick={() => setAgain(true)}>Evaluate again</Button>
          <Removal evaluation={evaluation} />
        </>
      }
    >
      {again && <EvaluateDialog subjects={[subject]} dataset={datasetId} onClose={() => setAgain(false)} />}
      {result === null && <Unfinished evaluation={evaluation} />}
      {result !== null && (
        <>
          <Scores result={result} />
          {result.skipped.length > 0 && <div className={styles.skipped}><SkippedList title="Not compared" skipped={result.skipped} /></div>}
          <div className={styles.columns}>
            <Section title="IoU per class"><ClassTable classes={result.perClass} labelSet={labelSet} /></Section>
            <div>
              {confusion !== null && (
                <Section title="Confusion matrix"><ConfusionMatrix counts={confusion} names={result.perClass.map(({ name }) => name)} /></Section>
              )}
              <Section title="mIoU by latitude"><LatitudeChart bands={result.latitudeBands} /></Section>
            </div>
          </div>
          <Section title="Panoramas"><PanoramaScores panoramas={perPanorama} labelSet={labelSet} title={subject.name} importedTruth={isKept(truth)} /></Section>
          <Section title="What made these numbers"><Provenance evaluation={evaluation} panoramas={result.panoramas} /></Section>
        </>
      )}
    </Page>
  )
}

function Unfinished({ evaluation }: { readonly evaluation: EvaluationRecord }): ReactNode {
  const job = useCall('jobs.list', {}).data?.find(({ id }) => id === evaluation.jobId)
  const actions = useJobActions(job)
  return (
    <div className={styles.unfinished}>
      {job !== undefined && (
        <>
          <div className={styles.jobHead}>
            <Tag tone={JOB_TONES[job.state]}>{jobStateText(job)}</Tag>
            <span className="muted">{job.state === 'running' && job.message !== '' ? job.message : jobNumbers(job)}</span>
            <JobButtons job={job} actions={actions} />
          </div>
          <Progress value={job.progress * 100} color={job.state === 'failed' ? 'red' : job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${job.title}`} />
        </>
      )}
      {evaluation.error !== null && <Notice tone="bad" title="It stopped">{evaluation.error}</Notice>}
      {evaluation.error === null && job === undefined && <Notice tone="warn">This evaluation has no result, and its job is gone. Evaluate again.</Notice>}
      {job !== undefined && <JobLog job={job} />}
    </div>
  )
}

function Provenance({ evaluation, panoramas }: { readonly evaluation: EvaluationRecord; readonly panoramas: number }): ReactNode {
  const now = useNow()
  const { subject, datasetId, datasetName, truth, mode, hashes, millisecondsPerPanorama, createdAt } = evaluation
  return (
    <div className={styles.facts}>
      <Fact label={SUBJECT_NAMES[subject.kind]}><Link href={subjectHref(subject)} className={styles.link}>{subject.name}</Link></Fact>
      <Fact label="Dataset"><Link href={`/datasets/${datasetId}`} className={styles.link}>{datasetName}</Link>, {plural(panoramas, 'panorama')} with truth</Fact>
      <Fact label="Truth">{truth === null ? 'imported with the dataset' : isKept(truth) ? 'drawn with the streets, hidden from labelling and training' : truth}</Fact>
      {mode !== null && <Fact label="Inference">{MODES[mode].name}{millisecondsPerPanorama !== null && `, ${formatMilliseconds(millisecondsPerPanorama)} per panorama`}</Fact>}
      <Fact label="When">{formatWhen(createdAt, now)}</Fact>
      {Object.entries(hashes).map(([name, hash]) => <Fact key={name} label={name} mono>{hash}</Fact>)}
    </div>
  )
}

function Removal({ evaluation }: { readonly evaluation: EvaluationRecord }): ReactNode {
  const [, navigate] = useLocation()
  const [asking, setAsking] = useState(false)
  const remove = useAction('evaluations.remove', { inline: true })
  const title = evaluationTitle(evaluation)
  const confirm = async (): Promise<void> => {
    if ((await remove.run({ evaluationId: evaluation.id })) !== null) navigate('/evaluations')
  }
  return (
    <>
      <Tip label="Remove this evaluation"><ActionIcon aria-label={`Remove the evaluation of ${title}`} onClick={() => setAsking(true)}><IconTrash size={16} /></ActionIcon></Tip>
      {asking && (
        <ConfirmDialog
          title="Remove this evaluation?" action="Remove evaluation" busy={remove.busy} error={remove.error} onConfirm={() => void confirm()}
          onClose={() => { setAsking(false); remove.reset() }}
        >
          The scores of {title} leave this workspace; they can be made again. This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  )
}
