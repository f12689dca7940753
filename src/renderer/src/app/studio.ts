import { createContext, useContext } from 'react'
import type { HostConnection } from '../rpc/connect.ts'

/** What the window has of its host: calls, artifacts by URL, paths of dropped files. */
export type Studio = HostConnection

const StudioContext = createContext<Studio | null>(null)
export const StudioProvider = StudioContext.Provider

export function useStudio(): Studio {
  const studio = useContext(StudioContext)
  if (studio === null) throw new Error('useStudio outside of StudioProvider')
  return studio
}
