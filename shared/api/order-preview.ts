import { z } from 'zod';
import { impactView } from './order-impact.ts';
import { instant } from './wire.ts';

export const WARNINGS = [
  /**
   * Warning that an order suspends management. The server can then only deliver the order list to the affected devices. The server cannot
   * lock or wipe these devices.
   */
  'names_management',
  'names_enrollment',
  'affects_approver',
  'large_share',
  'denies_unknown',
  /** Warning that a revision makes a 72-hour pause by one person permanent. */
  'pause_without_end',
  'wipes_data',
  /** Warning that an order names an area in which no device can be located, because the same order assigns this area to another country. */
  'area_empty',
  /** Warning that an order leaves a disputed territory, or a part of it, without an assignment to a country. */
  'area_disputed',
  /** Warning that the borders of a subdivision are unknown, so no device can be located in the subdivision. */
  'area_without_borders',
  /** Warning that a named country or group does not include territories with an ISO 3166-1 code of their own. */
  'territories_excluded',
  'location_statements',
] as const;

export const orderPreview = z.object({
  /**
   * Errors in a draft, because of which the server would refuse its proposal. `field`: path of a field (`effective`, `areas.1`,
   * `statement.en`), or `order` or `action` for the whole draft. Each suggestion can replace the field's value.
   */
  problems: z.array(
    z.object({ field: z.string(), code: z.string(), detail: z.string(), suggestions: z.array(z.string()) }),
  ),
  /** Times of the draft in UTC; null while the server cannot parse the entered times. */
  effective: instant.nullable(),
  until: instant.nullable(),
  warnings: z.array(z.object({ code: z.enum(WARNINGS), detail: z.string(), devices: z.int().nullable() })),
  /** Impact at the effective time; null while the draft has errors. */
  impact: impactView.pick({ at: true, fleet: true, counts: true }).nullable(),
});
export type OrderPreview = z.infer<typeof orderPreview>;

export const orderWarnings = orderPreview.pick({ warnings: true });
