/** Activation codes: one enrollment of one device each. */
import { z } from 'zod';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { homeAreaText, instant } from './wire.ts';

export const newCode = z.strictObject({
  /** User of the device. The caller's role must reach every group of this person. */
  person: personIdSchema,
  /** Group of the device. The person must be in it. */
  group: groupIdSchema,
  home: homeAreaText.nullable().default(null),
  seat: homeAreaText.nullable().default(null),
  /**
   * Device that enrolls again, in its next generation. Null: a new device. `group` must be the device's group. Without `home` and `seat`,
   * the device keeps its own. Another person, or a `home` or `seat`, also needs the right `devices.update`.
   */
  device: deviceIdSchema.nullable().default(null),
  expiresInHours: z.int().min(1).max(720).default(48),
});
/** `link` contains the secret. No later response repeats it. The client draws the QR code. */
export const createdCode = z.object({ id: deviceIdSchema, link: z.string(), expiresAt: instant });
const codeState = z.enum(['open', 'used', 'expired', 'canceled']);
export const codeQuery = z.strictObject({
  /** State of the listed codes; absent: every state. */
  state: codeState.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const codeView = z.object({
  id: deviceIdSchema,
  person: personIdSchema,
  /** Name of the person. */
  user: z.string(),
  group: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  state: codeState,
  createdAt: instant,
  expiresAt: instant,
});
/** Activation codes, open codes first, then newest first. `cursor` requests the next page; null on the last page. */
export const codePage = z.object({ codes: z.array(codeView), cursor: z.string().nullable() });
export const codeParams = z.object({ id: deviceIdSchema });
