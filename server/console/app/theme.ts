/** The look: one accent, system fonts (they cover every script, and none is fetched), contrast that passes WCAG AA in both schemes. */
import { Badge, Button, createTheme, type MantineColorsTuple, Modal, NumberInput, Table, Tooltip } from '@mantine/core';

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

export const theme = createTheme({
  colors: { cordon },
  primaryColor: 'cordon',
  // The default shade fails AA for filled buttons on white.
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Noto Sans Mono", monospace',
  headings: { fontWeight: '650' },
  components: {
    Modal: Modal.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' }, centered: true } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm', tt: 'none' } }),
    Tooltip: Tooltip.extend({
      defaultProps: { events: { hover: true, focus: true, touch: true }, multiline: true, maw: 340 },
    }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'xs' } }),
    NumberInput: NumberInput.extend({ defaultProps: { hideControls: true } }),
  },
});
