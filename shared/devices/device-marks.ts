/** States in the life cycle by which the device list filters. */
export const LISTED_LIFE_CYCLES = ['active', 'locked', 'wiped', 'missing', 'ended', 'retired'] as const;

/** Marks that the device list shows and exports. */
export const DEVICE_MARKS = [
  'missing',
  'retired',
  'locked',
  'wiped',
  'lost-mode',
  'legal-hold',
  'mail-connector',
] as const;
export type DeviceMark = (typeof DEVICE_MARKS)[number];

interface Marked {
  readonly lifeCycle: string;
  readonly workspace: { readonly state: string };
  readonly lostMode: boolean;
  readonly underLegalHold: boolean;
  readonly mailConnector: boolean;
}

/** Marks of a device, in the order of `DEVICE_MARKS`. The workspace of a missing or retired device may be locked or wiped too. */
export function marksOf({
  lifeCycle,
  workspace,
  lostMode,
  underLegalHold,
  mailConnector,
}: Marked): readonly DeviceMark[] {
  const isMarked: Readonly<Record<DeviceMark, boolean>> = {
    missing: lifeCycle === 'missing',
    retired: lifeCycle === 'retired',
    locked: workspace.state === 'locked',
    wiped: workspace.state === 'wiped',
    'lost-mode': lostMode,
    'legal-hold': underLegalHold,
    'mail-connector': mailConnector,
  };
  return DEVICE_MARKS.filter((mark) => isMarked[mark]);
}
