/** Messaging keys that wait for the organisation's word, and that word. */
import { z } from 'zod';
import { base64, sha256Hex } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });
/** Countersignatures in one request. */
export const MOST_COUNTERSIGNATURES = 500;

export const messagingKeyQuery = z.strictObject({
  /** Only those that no organisation key of the list of approvers in force has signed. */
  waiting: flag.default(false),
  /** Only those that this key has not signed. */
  lacking: sha256Hex.optional(),
  /** A group's name. */
  group: z.string().trim().min(1).max(120).optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(MOST_COUNTERSIGNATURES).default(100),
});

/** Of devices that are active, in their present enrolment; oldest first. */
export const messagingKeyPage = z.object({
  keys: z.array(
    z.object({
      device: deviceIdSchema,
      generation: z.int(),
      person: z.string(),
      name: z.string(),
      group: z.object({ id: groupIdSchema, name: z.string() }),
      /** When the server certified it. */
      since: instant,
      digest: z.string(),
      /** The exact text that is signed. */
      payload: z.string(),
      /** Organisation keys of the list of approvers in force. */
      countersignedBy: z.array(z.string()),
      /** Other active devices of the person, the newest first, at most 20. `hostname`: null when unknown or outside the caller's scope. */
      others: z.array(
        z.object({
          device: deviceIdSchema,
          hostname: z.string().nullable(),
          enrolledAt: instant,
          verified: z.boolean(),
        }),
      ),
      /** The account that created the activation code. `scoped`: no role of it creates codes in all groups. Null: the code is not kept any more. */
      codeBy: z.object({ account: z.string(), name: z.string(), scoped: z.boolean() }).nullable(),
    }),
  ),
  /** Hand it back for the next page; null at the end. */
  cursor: z.string().nullable(),
});
export type MessagingKeyPage = z.infer<typeof messagingKeyPage>;

/** Each over the DSSE pre-authentication encoding of the payload's exact bytes. */
export const countersignatures = z.strictObject({
  countersignatures: z
    .array(z.strictObject({ digest: sha256Hex, keyid: sha256Hex, signature: base64.max(128) }))
    .min(1)
    .max(MOST_COUNTERSIGNATURES),
});
export const countersigned = z.object({
  /** Those that stand now, also when they stood before. */
  countersigned: z.int(),
  refused: z.array(z.object({ digest: z.string(), code: z.string(), detail: z.string() })),
});
