import '@mantine/core/styles.css'
import '@mantine/charts/styles.css'
import '@mantine/notifications/styles.css'
import '../theme/tokens.css'
import '../theme/global.css'
import { MantineProvider, localStorageColorSchemeManager } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, useState, type ReactNode } from 'react'
import { Router } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'
import { cssVariables, theme } from '../theme/theme.ts'
import { createQueryClient } from './calls.ts'
import { Shell } from './shell.tsx'
import { ShortcutProvider } from './shortcuts.tsx'
import { StudioProvider, type Studio } from './studio.ts'

const colorScheme = localStorageColorSchemeManager({ key: 'goodsam.theme' })

/** The workstation over a host. */
export function App({ studio }: { readonly studio: Studio }): ReactNode {
  const [cache] = useState(createQueryClient)
  return (
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="dark" colorSchemeManager={colorScheme}>
        <Notifications position="bottom-right" limit={4} />
        <StudioProvider value={studio}>
          <QueryClientProvider client={cache}>
            <ShortcutProvider>
              {/* oxlint-disable-next-line react/hooks -- wouter takes its location as a hook */}
              <Router hook={useHashLocation}>
                <Shell />
              </Router>
            </ShortcutProvider>
          </QueryClientProvider>
        </StudioProvider>
      </MantineProvider>
    </StrictMode>
  )
}
