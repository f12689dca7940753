import { Button, Select } from '@mantine/core'
import { IconChartBar, IconColumns3 } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { useCall } from '../../app/calls.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import { compareHref, whyNotComparable } from './evaluation-words.ts'
import { EvaluationsTable } from './evaluations-table.tsx'

const ALL = 'all'

/** All evaluations: of students, TAs and labelling runs alike. */
export function EvaluationsPage(): ReactNode {
  const [, navigate] = useLocation()
  const evaluations = useCall('evaluations.list', {})
  const [chosenIds, setChosen] = useState<readonly string[]>([])
  const [dataset, setDataset] = useState(ALL)
  const list = evaluations.data ?? []
  const datasets = [...new Map(list.map(({ datasetId, datasetName }) => [datasetId, datasetName]))]
  const shown = list.filter(({ datasetId }) => dataset === ALL || datasetId === dataset)
  const chosen = chosenIds.flatMap((id) => shown.find((one) => one.id === id) ?? [])
  const reason = whyNotComparable(chosen)
  const compare = reason === null ? () => navigate(compareHref(chosen.map(({ id }) => id))) : null

  useShortcutScope('students')
  useShortcut('compare', compare)

  return (
    <Page
      title="Evaluations"
      actions={list.length > 0 && (
        <>
          {datasets.length > 1 && (
            <Select
              aria-label="Dataset" w={180} value={dataset} onChange={(value) => setDataset(value ?? ALL)}
              data={[{ value: ALL, label: 'All datasets' }, ...datasets.map(([value, label]) => ({ value, label }))]}
            />
          )}
          <Tip label={reason ?? 'Side by side'} shortcut="compare">
            <Button leftSection={<IconColumns3 size={15} stroke={1.8} />} aria-disabled={compare === null} data-disabled={compare === null || undefined} onClick={compare ?? undefined}>
              {chosen.length > 1 ? `Compare ${chosen.length}` : 'Compare'}
            </Button>
          </Tip>
        </>
      )}
    >
      {evaluations.isPending && <SkeletonRows rows={5} height={44} />}
      {evaluations.isError && <Failed error={evaluations.error} onRetry={() => void evaluations.refetch()} />}
      {evaluations.isSuccess && list.length === 0 && (
        <Empty icon={<IconChartBar size={22} stroke={1.5} />} title="No evaluations yet" action={<Button component={Link} href="/students">Students</Button>}>
          An evaluation holds a student, a TA or a labelling run against truth that people drew. Begin on the page of the one you want to score; import the dataset with its labels folder first.
        </Empty>
      )}
      {list.length > 0 && <EvaluationsTable evaluations={shown} chosen={chosenIds} onChosen={setChosen} />}
    </Page>
  )
}
