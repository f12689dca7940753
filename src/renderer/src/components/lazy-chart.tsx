import { Skeleton } from '@mantine/core'
import { useEffect, useState, type ComponentType, type ReactNode } from 'react'
import { Failed } from './states.tsx'

/**
 * A chart that is loaded when one is first shown: the library that draws it is nearly a third of the window's program, and most
 * pages have none. Its place is kept meanwhile (`heightOf`, in pixels). Loaded once, it is there at once everywhere.
 */
export function lazyChart<Props extends object>(load: () => Promise<ComponentType<Props>>, heightOf: (props: Props) => number): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null
  return function LazyChart(props: Props): ReactNode {
    const [Chart, setChart] = useState<ComponentType<Props> | null>(() => loaded)
    const [error, setError] = useState<unknown>(null)
    useEffect(() => {
      if (Chart !== null || error !== null) return
      let gone = false
      const take = async (): Promise<void> => {
        try {
          const chart = await load()
          loaded = chart
          if (!gone) setChart(() => chart)
        } catch (reason) {
          if (!gone) setError(reason)
        }
      }
      void take()
      return () => {
        gone = true
      }
    }, [Chart, error])
    if (error !== null) return <Failed error={error} onRetry={() => setError(null)} />
    if (Chart === null) return <div role="status" aria-label="Loading the chart"><Skeleton height={heightOf(props)} radius="sm" /></div>
    return <Chart {...props} />
  }
}
