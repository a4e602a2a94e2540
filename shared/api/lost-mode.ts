/** Lost mode of a device (ADR 77). */
import { z } from 'zod';
import {
  coordinatesSchema,
  LONGEST_LOST_DAYS,
  lostContactSchema,
  lostReasonSchema,
  USUAL_LOST_DAYS,
} from '../lost-mode/lost-mode.ts';
import { lostModeIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

/** `reason` and `contact` appear on the device. */
export const lostModeRequest = z.strictObject({
  reason: lostReasonSchema,
  contact: lostContactSchema,
  /** Days after which lost mode ends by itself. */
  days: z.int().min(1).max(LONGEST_LOST_DAYS).default(USUAL_LOST_DAYS),
});

export const lostModeView = z.object({
  id: lostModeIdSchema,
  reason: z.string(),
  contact: z.string(),
  startedAt: instant,
  until: instant,
  /** Time of the device's first report in this mode; null until the device has received and displayed lost mode. */
  deliveredAt: instant.nullable(),
  /** Time of the newest report without a position; null if the newest report had a position. */
  unlocatedAt: instant.nullable(),
  endedAt: instant.nullable(),
  /** Side that ended the mode; null while it lasts. `device`: the device knew that it had ended before a restore of the server. */
  endedBy: z.enum(['admin', 'user', 'expiry', 'enrollment', 'device']).nullable(),
  /** Stored positions. `POST /devices/{id}/lost-mode/locate` has their coordinates. */
  positions: z.object({ count: z.int(), newestAt: instant.nullable() }),
});
export type LostModeView = z.infer<typeof lostModeView>;
/** Newest lost mode of the device, which may have ended; null if there was none in the last 400 days. */
export const lostModeState = z.object({ lostMode: lostModeView.nullable() });

export const positionList = z.object({
  /** Newest first. Degrees (WGS 84); `accuracy` is the radius of the accuracy circle in meters. */
  positions: z.array(coordinatesSchema.extend({ at: instant })),
});
