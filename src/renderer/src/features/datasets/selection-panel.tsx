import { Button, CopyButton, NumberInput, Switch } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Dataset, Panorama, Projection } from '../../../../contract/schemas.ts'
import { notifyDone, useAction, useCall } from '../../app/calls.ts'
import { formatBytes, formatCount, formatWhen, plural } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { Fact, Section } from '../../components/page.tsx'
import { ActionFailure, Notice } from '../../components/states.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import { projectionChanges, projectionProblem, sharedProjection, type ProjectionEdit } from './projection.ts'
import { ProjectionDiagram } from './projection-diagram.tsx'
import styles from './selection-panel.module.css'

const SOURCES: Readonly<Record<Projection['source'], string>> = {
  gpano: 'from the file (GPano)', aspect: 'guessed from the aspect ratio', user: 'set by hand',
}

/** Beside the grid: the dataset, or what is selected and how it lies on the sphere. */
export function SelectionPanel({ dataset, chosen }: { readonly dataset: Dataset; readonly chosen: readonly Panorama[] }): ReactNode {
  return (
    <aside className={styles.panel} aria-label="Details">
      {chosen.length === 0 ? <DatasetFacts dataset={dataset} /> : (
        <>
          {chosen.length === 1 ? <OnePanorama panorama={chosen[0]} /> : <h2 className={styles.many}>{plural(chosen.length, 'panorama')}</h2>}
          <ProjectionEditor key={chosen.map(({ id }) => id).join()} chosen={chosen} />
        </>
      )}
    </aside>
  )
}

function DatasetFacts({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const now = useNow()
  const labelSet = useCall('labelSets.list', {}).data?.find(({ id }) => id === dataset.labelSetId)
  return (
    <>
      <Section title="Dataset">
        <Fact label="Panoramas">{formatCount(dataset.panoramas)}</Fact>
        <Fact label="With truth">{formatCount(dataset.withTruth)}</Fact>
        <Fact label="Refused">{formatCount(dataset.refused)}</Fact>
        <Fact label="Label set">{labelSet === undefined ? dataset.labelSetId : `${labelSet.name}, ${labelSet.classes.length} classes`}</Fact>
        <Fact label="Imported">{formatWhen(dataset.createdAt, now)}</Fact>
        <Fact label="Folder" mono>{dataset.folder}</Fact>
      </Section>
      <p className={styles.hint}>Select panoramas to see and edit how they lie on the sphere.</p>
    </>
  )
}

function OnePanorama({ panorama }: { readonly panorama: Panorama }): ReactNode {
  return (
    <>
      <Thumbnail image={panorama.image} alt={panorama.name} aspect={Math.min(4, Math.max(1.6, panorama.width / panorama.height))} />
      <h2 className={styles.name}>{panorama.name}</h2>
      {panorama.warnings.map((warning) => <div key={warning} className={styles.warning}><Notice tone="warn">{warning}</Notice></div>)}
      <Section title="Image">
        <Fact label="Size">{panorama.width} × {panorama.height} px</Fact>
        <Fact label="File">{panorama.mediaType.replace('image/', '')}, {formatBytes(panorama.imageBytes)}</Fact>
        <Fact label="Split">{panorama.split}</Fact>
        <Fact label="Truth">{panorama.truth === null ? <span className="faint">none</span> : 'imported'}</Fact>
        <Fact label="SHA-256">
          <CopyButton value={panorama.fileSha256}>
            {({ copied, copy }) => (
              <button type="button" className={`${styles.hash} mono`} title="Copy" onClick={copy}>{copied ? 'copied' : `${panorama.fileSha256.slice(0, 16)}…`}</button>
            )}
          </CopyButton>
        </Fact>
      </Section>
    </>
  )
}

function ProjectionEditor({ chosen }: { readonly chosen: readonly Panorama[] }): ReactNode {
  const shared = sharedProjection(chosen)
  const [edit, setEdit] = useState<ProjectionEdit>({})
  const save = useAction('panoramas.setProjection', { inline: true })
  const now = { ...shared, ...edit }
  const problem = projectionProblem(now)
  const changed = now.hfovDeg !== shared.hfovDeg || now.vfovDeg !== shared.vfovDeg
    || now.horizonOffsetPx !== shared.horizonOffsetPx || now.cyclic !== shared.cyclic

  const submit = async (): Promise<void> => {
    for (const change of projectionChanges(chosen, edit)) {
      if ((await save.run(change)) === null) return
    }
    setEdit({})
    notifyDone(`The projection of ${plural(chosen.length, 'panorama')} was saved. Labelling runs started from now on use it.`)
  }

  return (
    <Section title="Projection" aside={<span className={styles.source}>{shared.source === null ? 'various' : SOURCES[shared.source]}</span>}>
      <ProjectionDiagram
        hfovDeg={now.hfovDeg} vfovDeg={now.vfovDeg} cyclic={now.cyclic ?? false}
        horizonShare={now.horizonOffsetPx === null ? 0 : now.horizonOffsetPx / chosen[0].height}
      />
      <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
        <div className={styles.pair}>
          <Degrees label="Horizontal" max={360} value={now.hfovDeg} onChange={(hfovDeg) => setEdit({ ...edit, hfovDeg, ...(hfovDeg < 359.5 ? { cyclic: false } : {}) })} />
          <Degrees label="Vertical" max={180} value={now.vfovDeg} onChange={(vfovDeg) => setEdit({ ...edit, vfovDeg })} />
        </div>
        <NumberInput
          label="Horizon below the middle" suffix=" px" allowDecimal={false} placeholder="various" value={now.horizonOffsetPx ?? ''}
          onChange={(value) => typeof value === 'number' && setEdit({ ...edit, horizonOffsetPx: value })}
        />
        <Switch
          label="Left and right edge are the same meridian" checked={now.cyclic ?? false}
          onChange={(event) => setEdit({ ...edit, cyclic: event.currentTarget.checked })}
        />
        {problem !== null && <Notice tone="warn">{problem}</Notice>}
        <ActionFailure error={save.error} />
        <div className={styles.buttons}>
          <Button variant="default" disabled={!changed} onClick={() => setEdit({})}>Reset</Button>
          <Button type="submit" disabled={!changed || problem !== null} loading={save.busy}>Save projection</Button>
        </div>
      </form>
    </Section>
  )
}

function Degrees(props: { readonly label: string; readonly max: number; readonly value: number | null; readonly onChange: (value: number) => void }): ReactNode {
  return (
    <NumberInput
      label={props.label} aria-label={`${props.label} field of view`} suffix="°" min={1} max={props.max} decimalScale={2} hideControls placeholder="various"
      value={props.value ?? ''} onChange={(value) => typeof value === 'number' && value > 0 && props.onChange(value)}
    />
  )
}
