import { ActionIcon, Tooltip, useMantineColorScheme } from '@mantine/core'
import {
  IconActivity, IconChartBar, IconCube, IconFlask2, IconHelp, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, IconMoon,
  IconPhoto, IconRoute, IconSchool, IconSettings, IconStack2, IconSun, type IconProps,
} from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { Tip } from '../components/keys.tsx'
import mark from '../theme/mark.svg'
import { useCall } from './calls.ts'
import { useDialogs } from './dialogs.tsx'
import { baseName } from './format.ts'
import type { ShortcutId } from './keymap.ts'
import styles from './nav.module.css'
import { useShortcut } from './shortcuts.tsx'

interface NavProps {
  readonly collapsed: boolean
  readonly onToggle: () => void
}

/** The places of the program. */
export function Nav({ collapsed, onToggle }: NavProps): ReactNode {
  const workspace = useCall('workspace.info', {}).data
  const datasets = useCall('datasets.list', {}).data
  const models = useCall('models.list', {}).data
  const runs = useCall('runs.list', {}).data
  const distillations = useCall('distillations.list', {}).data
  const students = useCall('students.list', {}).data
  const evaluations = useCall('evaluations.list', {}).data
  const jobs = useCall('jobs.list', {}).data
  const active = jobs?.filter(({ state }) => state === 'running' || state === 'queued').length ?? 0
  const { show } = useDialogs()

  return (
    <nav className={styles.nav} data-collapsed={collapsed} aria-label="Main">
      <Tooltip label={workspace?.path ?? ''} disabled={workspace === undefined} position="right">
        <div className={styles.brand}>
          <img src={mark} alt="" width={24} height={24} />
          {!collapsed && (
            <div className={styles.brandText}>
              <div className={styles.product}>GoodSAM Studio</div>
              <div className={styles.workspace}>{workspace === undefined ? '\u00a0' : baseName(workspace.path)}</div>
            </div>
          )}
        </div>
      </Tooltip>
      <div className={styles.places}>
        <Place href="/datasets" label="Datasets" icon={IconPhoto} shortcut="goDatasets" collapsed={collapsed} count={datasets?.length} />
        <Place href="/models" label="Models" icon={IconCube} shortcut="goModels" collapsed={collapsed} count={models?.length} />
        <Place href="/labelling" label="Labelling" icon={IconStack2} shortcut="goLabelling" collapsed={collapsed} count={runs?.length} />
        <Place href="/distil" label="Distil" icon={IconFlask2} shortcut="goDistil" collapsed={collapsed} count={distillations?.length} />
        <Place href="/students" label="Students" icon={IconSchool} shortcut="goStudents" collapsed={collapsed} count={students?.length} />
        <Place href="/evaluations" label="Evaluations" icon={IconChartBar} shortcut="goEvaluations" collapsed={collapsed} count={evaluations?.length} />
        <div className={styles.gap} />
        <Place href="/jobs" label="Jobs" icon={IconActivity} shortcut="goJobs" collapsed={collapsed} count={active} lively={active > 0} />
        <Place href="/tour" label="Tour" icon={IconRoute} shortcut="goTour" collapsed={collapsed} />
        <Place href="/settings" label="Settings" icon={IconSettings} shortcut="goSettings" collapsed={collapsed} />
      </div>
      <div className={styles.tools}>
        <ThemeToggle />
        <Tip label="Keyboard shortcuts" shortcut="help" position="right">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={() => show({ kind: 'shortcuts' })}><IconHelp size={17} stroke={1.6} /></ActionIcon>
        </Tip>
        <Tip label={collapsed ? 'Expand' : 'Collapse'} shortcut="toggleNavigation" position="right">
          <ActionIcon aria-label={collapsed ? 'Expand navigation' : 'Collapse navigation'} onClick={onToggle}>
            {collapsed ? <IconLayoutSidebarLeftExpand size={17} stroke={1.6} /> : <IconLayoutSidebarLeftCollapse size={17} stroke={1.6} />}
          </ActionIcon>
        </Tip>
      </div>
    </nav>
  )
}

interface PlaceProps {
  readonly href: string
  readonly label: string
  readonly icon: ComponentType<IconProps>
  readonly shortcut: ShortcutId
  readonly collapsed: boolean
  readonly count?: number
  readonly lively?: boolean
}

function Place({ href, label, icon: Icon, shortcut, collapsed, count = 0, lively = false }: PlaceProps): ReactNode {
  const [location, navigate] = useLocation()
  useShortcut(shortcut, () => navigate(href))
  const current = location === href || location.startsWith(`${href}/`)
  return (
    <Tip label={label} shortcut={shortcut} position="right" disabled={!collapsed}>
      <Link href={href} className={styles.place} aria-current={current ? 'page' : undefined} aria-label={label}>
        <Icon size={17} stroke={1.6} />
        {!collapsed && <span className={styles.label}>{label}</span>}
        {count > 0 && <span className={styles.count} data-lively={lively}>{count}</span>}
      </Link>
    </Tip>
  )
}

function ThemeToggle(): ReactNode {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const other = colorScheme === 'dark' ? 'light' : 'dark'
  const toggle = (): void => setColorScheme(other)
  useShortcut('toggleTheme', toggle)
  return (
    <Tip label={`Switch to the ${other} theme`} shortcut="toggleTheme" position="right">
      <ActionIcon aria-label={`Switch to the ${other} theme`} onClick={toggle}>
        {colorScheme === 'dark' ? <IconSun size={17} stroke={1.6} /> : <IconMoon size={17} stroke={1.6} />}
      </ActionIcon>
    </Tip>
  )
}
