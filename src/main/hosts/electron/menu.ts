import { app, Menu, type MenuItemConstructorOptions } from 'electron'

/**
 * The menu: what the system expects, no more. The window's own actions have their own keys; undo and redo are listed
 * only where text fields need it (macOS), because a menu key would take them from the window.
 */
export function setMenu(platform: NodeJS.Platform): void {
  const isMac = platform === 'darwin'
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : [{ label: '&File', submenu: [{ role: 'quit' as const }] }]),
    {
      label: '&Edit',
      submenu: [
        ...(isMac ? [{ role: 'undo' as const }, { role: 'redo' as const }, { type: 'separator' as const }] : []),
        { role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' },
      ],
    },
    {
      label: '&View',
      submenu: [
        { role: 'reload' }, { role: 'toggleDevTools' }, { type: 'separator' },
        { role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ]
  app.setAboutPanelOptions({ applicationName: 'GoodSAM Studio' })
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
