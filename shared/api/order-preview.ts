import { z } from 'zod';
import { impactView } from './order-impact.ts';
import { instant } from './wire.ts';

export const WARNINGS = [
  /**
   * Warning that the order suspends management. The server can then deliver only the order list to the devices, and cannot lock or wipe
   * them.
   */
  'names_management',
  'names_enrollment',
  /** Warning that the order affects a device of one of its approvers. */
  'affects_approver',
  /** Warning that the order affects a larger share of the fleet than the operator's limit. */
  'large_share',
  /** Warning that the order denies services to devices with an unknown location. */
  'denies_unknown',
  /** Warning that the revision makes one person's pause permanent. Without the revision, the pause would end after 72 hours. */
  'pause_without_end',
  /** Warning that the order deletes work data on devices for good. */
  'wipes_data',
  /** Warning that the order names an area in which no device can be located, because the order assigns the area to another country. */
  'area_empty',
  /** Warning that the order does not say to which country a disputed territory belongs, or says so only for a part of the territory. */
  'area_disputed',
  /** Warning that the borders of a subdivision are unknown, so a position cannot show that a device is in the subdivision. */
  'area_without_borders',
  /** Warning that a named country or group does not include territories with an ISO 3166-1 code of their own. */
  'territories_excluded',
  /** Warning that location statements of admins change the order's verdict for some devices. */
  'location_statements',
] as const;

export const orderPreview = z.object({
  /**
   * Errors in the draft for which the server would refuse the proposal; empty if the proposal is possible. `field` is a path (`effective`,
   * `areas.1`, `statement.en`), or `order` or `act` for the whole draft. Each suggestion can replace the field's value.
   */
  problems: z.array(
    z.object({ field: z.string(), code: z.string(), detail: z.string(), suggestions: z.array(z.string()) }),
  ),
  /** Effective time and end of the order in UTC; null while the server cannot parse them. */
  effective: instant.nullable(),
  until: instant.nullable(),
  warnings: z.array(z.object({ code: z.enum(WARNINGS), detail: z.string(), devices: z.int().nullable() })),
  /** Impact at the effective time; null while the draft has errors. */
  impact: impactView.pick({ at: true, fleet: true, counts: true }).nullable(),
});
export type OrderPreview = z.infer<typeof orderPreview>;

/** Warnings about a revision. The author of the revision saw the same warnings. */
export const orderWarnings = orderPreview.pick({ warnings: true });
