import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

/** The one accent. Label colours are loud; everything that is not a label stays neutral. */
const accent: MantineColorsTuple = [
  '#eef2ff', '#dbe2fe', '#bccafd', '#98abfb', '#7a92fa', '#6583f9', '#5b7cfa', '#4765d6', '#3a55bd', '#2c439b',
]

/** Mantine reads text, borders, inputs and the body of its dark scheme from this row (0 text .. 7 body .. 9 deepest). */
const dark: MantineColorsTuple = [
  '#e4e6ea', '#c3c7ce', '#9ea3ad', '#7d838f', '#353942', '#282b32', '#202329', '#191b20', '#141519', '#0e0f12',
]

const gray: MantineColorsTuple = [
  '#f8f8fa', '#f1f2f4', '#e6e7eb', '#d8dadf', '#c4c7ce', '#9ea2ab', '#767b86', '#565b65', '#363a42', '#1c1e23',
]

/** Sizes, colours and defaults of the window: dense, as in an editor; 13 px text, 28 px controls. */
export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  colors: { accent, dark, gray },
  black: '#1c1e23',
  fontFamily:
    "Inter, 'Segoe UI Variable Text', 'Segoe UI', -apple-system, 'SF Pro Text', Cantarell, 'Noto Sans', 'Liberation Sans', 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono', 'Cascadia Code', 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '18px' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '14px' },
  defaultRadius: 'sm',
  cursorType: 'default',
  respectReducedMotion: true,
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '18px', lineHeight: '1.3' },
      h2: { fontSize: '15px', lineHeight: '1.35' },
      h3: { fontSize: '13px', lineHeight: '1.4' },
      h4: { fontSize: '13px', lineHeight: '1.4' },
      h5: { fontSize: '12px', lineHeight: '1.4' },
      h6: { fontSize: '12px', lineHeight: '1.4' },
    },
  },
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { size: 'md', variant: 'subtle', color: 'gray' } },
    TextInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', checkIconPosition: 'right', allowDeselect: false } },
    SegmentedControl: { defaultProps: { size: 'xs', withItemsBorders: false } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
    Radio: { defaultProps: { size: 'xs' } },
    Slider: { defaultProps: { size: 'sm' } },
    Text: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, multiline: true, maw: 360, offset: 6 } },
    Menu: { defaultProps: { shadow: 'md', width: 200, position: 'bottom-end' } },
    Modal: { defaultProps: { overlayProps: { backgroundOpacity: 0.5 }, transitionProps: { duration: 120 }, padding: 'lg' } },
    Progress: { defaultProps: { size: 4, radius: 'xl' } },
    Tabs: { defaultProps: { variant: 'default' } },
    Loader: { defaultProps: { size: 'xs' } },
    Notification: { defaultProps: { withBorder: true } },
  },
})

/** Mantine's own variables where its defaults are louder than ours; our tokens are in tokens.css. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': 'var(--gs-panel)',
    '--mantine-color-default-border': 'var(--gs-line-strong)',
    '--mantine-color-dimmed': 'var(--gs-muted)',
    '--mantine-color-placeholder': 'var(--gs-faint)',
  },
  dark: {
    '--mantine-color-body': 'var(--gs-panel)',
    '--mantine-color-default': 'var(--gs-raised)',
    '--mantine-color-default-hover': '#2a2d34',
    '--mantine-color-default-border': 'var(--gs-line-strong)',
    '--mantine-color-dimmed': 'var(--gs-muted)',
    '--mantine-color-placeholder': 'var(--gs-faint)',
  },
})
