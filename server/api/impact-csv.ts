/** CSV file of an impact preview. It identifies devices by pseudonyms (handles) and contains no users' names. */

import { IMPACT_CLASSES } from '../../shared/api/impact-classes.ts';
import { csvLine } from '../../shared/csv.ts';
import type { ImpactListing } from '../orders/impact/impact.ts';

const OWN = [
  'handle',
  'denied',
  'reasons',
  'areas',
  'exempt until',
  'home',
  'connected',
  'messages',
  'bytes',
  'commands',
];
const COMPARED = ['change', 'denied before', 'reasons before'];

/** Each class of affected devices has its own column, because one device can belong to several classes. */
export function* impactCsv({ devices, baseline }: ImpactListing): Generator<string> {
  yield csvLine([...OWN, ...IMPACT_CLASSES.map((one) => `class ${one}`), ...(baseline === null ? [] : COMPARED)]);
  for (const { device, denied, reasons, areas, exemptUntil, home, connected, waits, classes, change } of devices) {
    yield csvLine([
      device,
      denied.join(' '),
      reasons.join(' '),
      areas.join(' '),
      exemptUntil === null ? null : new Date(exemptUntil).toISOString(),
      home,
      connected,
      waits.messages,
      waits.bytes,
      waits.commands,
      ...IMPACT_CLASSES.map((one) => classes.includes(one)),
      ...(baseline === null
        ? []
        : [change?.kind ?? null, change?.before.denied.join(' ') ?? null, change?.before.reasons.join(' ') ?? null]),
    ]);
  }
}
