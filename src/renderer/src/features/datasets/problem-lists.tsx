import { IconCircleCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Dataset, Panorama } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { baseName } from '../../app/format.ts'
import table from '../../components/list-table.module.css'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'

/** Files that were not imported, each with its reason. */
export function RefusedFiles({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const refused = useCall('datasets.refused', { dataset: dataset.id })
  if (refused.isPending) return <SkeletonRows rows={4} />
  if (refused.isError) return <Failed error={refused.error} onRetry={() => void refused.refetch()} />
  if (refused.data.length === 0) return <AllWell title="No file was refused">Every image of the folder could be read.</AllWell>
  return (
    <table className={table.table}>
      <thead><tr><th>File</th><th>Why, and what to do</th></tr></thead>
      <tbody>
        {refused.data.map(({ file, message }) => (
          <tr key={file}>
            <td className="mono" title={file}>{baseName(file)}</td>
            <td style={{ maxWidth: 'none' }}>{message}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Panoramas that were imported with a reservation. */
export function Warnings({ panoramas }: { readonly panoramas: readonly Panorama[] }): ReactNode {
  if (panoramas.length === 0) return <AllWell title="No warnings">All panoramas were imported without reservation.</AllWell>
  return (
    <table className={table.table}>
      <thead><tr><th>Panorama</th><th>Note</th></tr></thead>
      <tbody>
        {panoramas.map(({ id, name, warnings }) => (
          <tr key={id}>
            <td className={table.name}>{name}</td>
            <td style={{ maxWidth: 'none' }}>{warnings.map((warning) => <div key={warning}>{warning}</div>)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function AllWell({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return <Empty icon={<IconCircleCheck size={22} stroke={1.5} />} title={title}>{children}</Empty>
}
