import { createContext, useContext } from 'react'

/** Dialogs that any page, shortcut or dropped file may open. */
export type OpenDialog =
  | { readonly kind: 'import'; readonly folder: string | null; readonly name?: string }
  | { readonly kind: 'addModel'; readonly files: readonly string[] }
  | { readonly kind: 'label'; readonly dataset: string | null }
  /** `student`: begin with the weights of this one */
  | { readonly kind: 'distil'; readonly run: string | null; readonly student: string | null }
  | { readonly kind: 'generate' }
  | { readonly kind: 'shortcuts' }

export interface Dialogs {
  readonly open: OpenDialog | null
  readonly show: (dialog: OpenDialog) => void
  readonly close: () => void
}

export const DialogContext = createContext<Dialogs | null>(null)

export function useDialogs(): Dialogs {
  const dialogs = useContext(DialogContext)
  if (dialogs === null) throw new Error('useDialogs outside of the shell')
  return dialogs
}
