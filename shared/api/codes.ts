/** Activation codes: one enrolment of one device each. */
import { z } from 'zod';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant, placeText } from './wire.ts';

export const newCode = z.strictObject({
  /** The user of the device. The role of the caller must reach every group of this person. */
  person: personIdSchema,
  /** One of the person's groups. */
  group: groupIdSchema,
  home: placeText.nullable().default(null),
  seat: placeText.nullable().default(null),
  /**
   * Enrol this device again, in its next generation, instead of a new one. `group` must be its group; it stays in it, and keeps its home and
   * seat where none is named. Another person, or a home or seat that is named, takes the right `devices.update` besides.
   */
  device: deviceIdSchema.nullable().default(null),
  expiresInHours: z.int().min(1).max(720).default(48),
});
/** `link` holds the secret and is shown this once. Who shows it draws the QR code. */
export const createdCode = z.object({ id: deviceIdSchema, link: z.string(), expiresAt: instant });
export const codeView = z.object({
  id: deviceIdSchema,
  person: personIdSchema,
  /** The person's name. */
  user: z.string(),
  group: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  state: z.enum(['open', 'used', 'expired', 'cancelled']),
  createdAt: instant,
  expiresAt: instant,
});
export const codeList = z.object({ codes: z.array(codeView) });
export const codeParams = z.object({ id: deviceIdSchema });
