import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';
import { t } from './i18n';

/** Fired clay to vermilion. Shade 7 carries white text at 5.1 : 1. */
const vermilion: MantineColorsTuple = [
  '#fff2ed',
  '#fde2d8',
  '#fac4b1',
  '#f5a286',
  '#f08763',
  '#ea6a42',
  '#dc5229',
  '#c4421f',
  '#a33518',
  '#7f2a14',
];

/** Greys with a little paper in them. */
const gray: MantineColorsTuple = [
  '#faf9f7',
  '#f4f2ef',
  '#eae7e2',
  '#dcd8d1',
  '#c4bfb6',
  '#a19b91',
  '#78726a',
  '#5a554e',
  '#3a3631',
  '#221f1c',
];

const dark: MantineColorsTuple = [
  '#edebe8',
  '#cbc7c2',
  '#aaa5a0',
  '#7f7a75',
  '#4d4945',
  '#3a3734',
  '#2b2826',
  '#1b1918',
  '#151413',
  '#0f0e0d',
];

/** Dialogs stand on the surface of cards, not on the ground of the page. */
const sheetStyles = {
  content: { background: 'var(--b-surface)' },
  header: { background: 'var(--b-surface)' },
  title: { fontWeight: 620, fontSize: 17, lineHeight: 1.3 },
};

/** The kit's crosses have no name that can be read out. */
const closable = { closeButtonProps: { 'aria-label': t('common.close') } };

export const theme = createTheme({
  primaryColor: 'vermilion',
  primaryShade: 7,
  colors: { vermilion, gray, dark },
  black: '#221f1c',
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: '650' },
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '10px', lg: '14px', xl: '20px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Tooltip: {
      defaultProps: {
        withArrow: true,
        openDelay: 350,
        fz: 13,
        events: { hover: true, focus: true, touch: false },
      },
    },
    InputWrapper: { styles: { label: { marginBottom: 5 }, description: { marginBottom: 6 } } },
    Popover: { defaultProps: { shadow: 'md', radius: 'lg' } },
    Modal: { styles: sheetStyles, defaultProps: closable },
    Drawer: { styles: sheetStyles, defaultProps: closable },
    Notification: { defaultProps: closable },
    Menu: { defaultProps: { shadow: 'md', radius: 'lg' } },
  },
});

/** Our own names for surfaces; components use these and not the kit's shades. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--b-ground': '#f7f5f2',
    '--b-surface': '#ffffff',
    '--b-sunk': '#efece7',
    '--b-line': '#e3dfd8',
    '--b-line-strong': '#8d867c',
    '--b-text': '#221f1c',
    '--b-soft': '#5d574f',
    '--b-accent': '#c4421f',
    '--b-accent-text': '#ad3818',
    '--b-accent-wash': '#fdeee8',
    '--b-danger': '#b3261e',
    '--b-check-a': '#ffffff',
    '--b-check-b': '#e9e6e1',
    '--b-shadow': '0 1px 2px rgb(50 40 30 / 6%), 0 8px 28px rgb(50 40 30 / 9%)',
    '--mantine-color-body': '#f7f5f2',
    '--mantine-color-text': '#221f1c',
    '--mantine-color-dimmed': '#5d574f',
    '--mantine-color-placeholder': '#746d64',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-default-border': '#dcd8d1',
  },
  dark: {
    '--b-ground': '#151413',
    '--b-surface': '#1e1c1b',
    '--b-sunk': '#272423',
    '--b-line': '#332f2d',
    '--b-line-strong': '#7f7a75',
    '--b-text': '#edebe8',
    '--b-soft': '#b0aaa4',
    '--b-accent': '#c4421f',
    '--b-accent-text': '#f5906c',
    '--b-accent-wash': '#3a2119',
    '--b-danger': '#ff9388',
    '--b-check-a': '#2b2826',
    '--b-check-b': '#353130',
    '--b-shadow': '0 1px 2px rgb(0 0 0 / 30%), 0 10px 32px rgb(0 0 0 / 38%)',
    '--mantine-color-body': '#151413',
    '--mantine-color-text': '#edebe8',
    '--mantine-color-dimmed': '#b0aaa4',
    '--mantine-color-placeholder': '#938d87',
    '--mantine-color-error': '#ff9388',
    '--mantine-color-default': '#272423',
    '--mantine-color-default-hover': '#332f2d',
    '--mantine-color-default-border': '#433f3b',
  },
});
