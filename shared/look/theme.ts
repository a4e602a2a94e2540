/** Theme of the pages. All colors have the contrast of WCAG AA in both color schemes. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';
import { ButtonRoot } from './button-root.tsx';

const cordon: MantineColorsTuple = [
  '#e6f6f8',
  '#d3e9ec',
  '#a6d2d8',
  '#76bac3',
  '#50a6b1',
  '#389aa6',
  '#2894a1',
  '#17808c',
  '#0b6672',
  '#03525c',
];

/** Option lists are rendered beside their fields, so that they stay inside a landmark of the page or dialog. */
const CHOICES = {
  defaultProps: { withScrollArea: false, comboboxProps: { withinPortal: false, floatingStrategy: 'fixed' } },
  styles: { options: { maxHeight: 240, overflowY: 'auto' } },
} as const;

export const theme = createTheme({
  colors: { cordon },
  primaryColor: 'cordon',
  // Shade of filled buttons. With the default shade, white text on the button would fail the contrast of WCAG AA.
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Noto Sans Mono", monospace',
  headings: { fontWeight: '650' },
  // The theme uses component names instead of `Modal.extend`, so that unused components are not loaded.
  components: {
    Modal: {
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        centered: true,
        // Other transitions leave a transform on the dialog. The option list of a field would then be cut at the edge of the dialog.
        transitionProps: { transition: 'fade' },
      },
    },
    // The header element of a dialog would otherwise be a second banner of the page.
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Button: { defaultProps: { size: 'sm', component: ButtonRoot } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none' } },
    Tooltip: { defaultProps: { events: { hover: true, focus: true, touch: true }, multiline: true, maw: 340 } },
    Table: { defaultProps: { verticalSpacing: 'xs' } },
    NumberInput: { defaultProps: { hideControls: true } },
    Select: CHOICES,
    MultiSelect: CHOICES,
    // Menus are rendered inside a landmark of the page and contain only menu items. The first item receives the focus.
    Menu: { defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } },
    // The option list is not in the tab order, because arrow keys already scroll it. Moving into it with Tab would close it and lose the
    // focus.
    ComboboxOptions: { defaultProps: { tabIndex: -1 } },
    Notification: {
      defaultProps: { closeButtonProps: { 'aria-label': 'Close' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    },
  },
});

/**
 * Mantine's own dimmed text and light badges have too little contrast on white for WCAG AA. These colors have enough contrast on all
 * backgrounds.
 */
export const contrast: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#50575e',
    '--mantine-color-placeholder': '#646b72',
    '--mantine-color-error': '#b02525',
    '--mantine-color-gray-light-color': '#343a40',
    '--mantine-color-red-light-color': '#a61e1e',
    '--mantine-color-green-light-color': '#1d6b2e',
    '--mantine-color-blue-light-color': '#15599a',
    '--mantine-color-yellow-light-color': '#6f4400',
    '--mantine-color-orange-light-color': '#8f3206',
    '--mantine-color-cordon-light-color': '#03525c',
  },
  dark: {
    '--mantine-color-dimmed': '#a9adb2',
    '--mantine-color-placeholder': '#8f959b',
    '--mantine-color-error': '#ff8787',
  },
});
