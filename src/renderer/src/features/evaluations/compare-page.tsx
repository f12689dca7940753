import { Button } from '@mantine/core'
import { IconColumns3 } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Comparison } from '../../../../contract/training-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { Page, Section } from '../../components/page.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import { ClassDifferences, ScoreDifferences, type Column } from './compare-tables.tsx'
import { ComparePanoramas } from './compare-panoramas.tsx'
import { compareHref, isKept } from './evaluation-words.ts'

const PARENT = { href: '/evaluations', label: 'Evaluations' }
const LETTERS = 'ABCDEFGH'

/** Two to eight evaluations side by side; differences are to the first. */
export function ComparePage({ ids }: { readonly ids: readonly string[] }): ReactNode {
  const enough = ids.length >= 2
  const comparison = useCall('evaluations.compare', { evaluationIds: [...ids] }, { enabled: enough, keepPrevious: true })
  if (!enough) {
    return (
      <Page title="Compare" parent={PARENT}>
        <Empty icon={<IconColumns3 size={22} stroke={1.5} />} title="Nothing to compare with" action={<Button component={Link} href="/evaluations">Evaluations</Button>}>
          Choose two or more evaluations of one dataset.
        </Empty>
      </Page>
    )
  }
  if (comparison.isError) return <Page title="Compare" parent={PARENT}><Failed error={comparison.error} onRetry={() => void comparison.refetch()} /></Page>
  if (comparison.data === undefined) return <Page title="Compare" parent={PARENT}><SkeletonRows rows={6} height={60} /></Page>
  return <Ready comparison={comparison.data} />
}

function Ready({ comparison }: { readonly comparison: Comparison }): ReactNode {
  const [, navigate] = useLocation()
  const { evaluations, perClass, perPanorama } = comparison
  const [pair, setPair] = useState<readonly [number, number]>([0, 1])
  const datasets = useCall('datasets.list', {}).data
  const labelSets = useCall('labelSets.list', {}).data
  const first = useCall('evaluations.list', {}).data?.find(({ id }) => id === evaluations[0].id)
  const importedTruth = first !== undefined && isKept(first.truth)
  const labelSetId = datasets?.find(({ id }) => id === evaluations[0].datasetId)?.labelSetId
  const labelSet = labelSets?.find(({ id }) => id === labelSetId) ?? labelSets?.at(0)
  const columns = evaluations.map((evaluation, index): Column => ({ letter: LETTERS[index], evaluation }))
  const ids = evaluations.map(({ id }) => id)
  const shownPair: readonly [number, number] = pair.every((index) => index < ids.length) ? pair : [0, 1]

  return (
    <Page title="Compare" parent={PARENT} subtitle={`${evaluations.length} evaluations on ${evaluations[0].datasetName}; differences are to A, in percentage points`}>
      <Section title="Scores">
        <ScoreDifferences
          columns={columns}
          onFirst={(index) => navigate(compareHref([ids[index], ...ids.filter((_, other) => other !== index)]), { replace: true })}
          onRemove={ids.length <= 2 ? null : (index) => navigate(compareHref(ids.filter((_, other) => other !== index)), { replace: true })}
        />
      </Section>
      {labelSet !== undefined && (
        <>
          <Section title="IoU per class"><ClassDifferences columns={columns} perClass={perClass} labelSet={labelSet} /></Section>
          <Section title="Panorama by panorama">
            <ComparePanoramas columns={columns} panoramas={perPanorama} pair={shownPair} onPair={setPair} labelSet={labelSet} importedTruth={importedTruth} />
          </Section>
        </>
      )}
    </Page>
  )
}
