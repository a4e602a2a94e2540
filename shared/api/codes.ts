/** Activation codes. One code allows one enrollment of one device. */
import { z } from 'zod';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { homeAreaText, instant } from './wire.ts';

export const newCode = z.strictObject({
  /** User of the device. The caller's role must cover every group of this person. */
  person: personIdSchema,
  /** Group of the device. The server refuses the request unless the user is a member of this group. */
  group: groupIdSchema,
  home: homeAreaText.nullable().default(null),
  seat: homeAreaText.nullable().default(null),
  /**
   * Device that enrolls again; null for a new device. `group` must be the device's present group. Without `home` and `seat`, the device
   * keeps its home area and legal seat. To change the user, the home area or the legal seat, the caller needs the right `devices.update`.
   */
  device: deviceIdSchema.nullable().default(null),
  expiresInHours: z.int().min(1).max(720).default(48),
  /**
   * True to enroll a mail connector: a program in the company's network that reads all mail of the company. Only owners may do this, after a
   * step-up.
   */
  mailConnector: z.boolean().default(false),
});
/** `link` contains the secret of the activation code, which no later response repeats. The client shows `link` as a QR code. */
export const createdCode = z.object({ id: deviceIdSchema, link: z.string(), expiresAt: instant });
const codeState = z.enum(['open', 'used', 'expired', 'canceled']);
export const codeQuery = z.strictObject({
  state: codeState.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const codeView = z.object({
  id: deviceIdSchema,
  person: personIdSchema,
  user: z.string(),
  group: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  state: codeState,
  createdAt: instant,
  expiresAt: instant,
  mailConnector: z.boolean(),
});
export const codePage = z.object({ codes: z.array(codeView), cursor: z.string().nullable() });
export const codeParams = z.object({ id: deviceIdSchema });
