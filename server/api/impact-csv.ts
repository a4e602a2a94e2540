/** A rehearsal as a table for a spreadsheet, by handle. */

import { IMPACT_CLASSES } from '../../shared/api/orders.ts';
import { csvLine } from '../../shared/csv.ts';
import type { ImpactListing } from '../orders/orders.ts';

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

/** A column for each class, since a device may be of several and a spreadsheet counts columns. */
export function* impactCsv({ devices, against }: ImpactListing): Generator<string> {
  yield csvLine([...OWN, ...IMPACT_CLASSES.map((one) => `class ${one}`), ...(against === null ? [] : COMPARED)]);
  for (const { device, denied, reasons, areas, exemptUntil, home, connected, waits, classes, change } of devices) {
    yield csvLine([
      ...[device, denied.join(' '), reasons.join(' '), areas.join(' ')],
      ...[exemptUntil === null ? null : new Date(exemptUntil).toISOString(), home, connected],
      ...[waits.messages, waits.bytes, waits.commands],
      ...IMPACT_CLASSES.map((one) => classes.includes(one)),
      ...(against === null
        ? []
        : [change?.kind ?? null, change?.before.denied.join(' ') ?? null, change?.before.reasons.join(' ') ?? null]),
    ]);
  }
}
