/** Messaging keys of devices, and their countersignatures by the organization key. */
import { z } from 'zod';
import { base64, sha256Hex } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });
export const MOST_COUNTERSIGNATURES = 500;

export const messagingKeyQuery = z.strictObject({
  /** Filter for messaging keys that no organization key of the current approver set has signed. */
  waiting: flag.default(false),
  /** Organization key id. The response lists only messaging keys that this organization key has not signed. */
  lacking: sha256Hex.optional(),
  group: z.string().trim().min(1).max(120).optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(MOST_COUNTERSIGNATURES).default(100),
});

/** Messaging keys of active devices, oldest first. Keys from before a device's newest enrollment are omitted. */
export const messagingKeyPage = z.object({
  keys: z.array(
    z.object({
      device: deviceIdSchema,
      generation: z.int(),
      person: z.string(),
      name: z.string(),
      group: z.object({ id: groupIdSchema, name: z.string() }),
      since: instant,
      digest: z.string(),
      payload: z.string(),
      /** Ids of those organization keys of the current approver set that have signed the messaging key. */
      countersignedBy: z.array(z.string()),
      /**
       * Other active devices of the user of `device`, newest first, at most 20. `hostname` is null if unknown, or if the other device is
       * outside the caller's scope.
       */
      others: z.array(
        z.object({
          device: deviceIdSchema,
          hostname: z.string().nullable(),
          enrolledAt: instant,
          verified: z.boolean(),
        }),
      ),
      /**
       * Account that created the activation code; null if the code is deleted. `scoped` means that the account's roles are limited to some
       * groups.
       */
      codeBy: z.object({ account: z.string(), name: z.string(), scoped: z.boolean() }).nullable(),
    }),
  ),
  cursor: z.string().nullable(),
});
export type MessagingKeyPage = z.infer<typeof messagingKeyPage>;

export const countersignatures = z.strictObject({
  countersignatures: z
    .array(z.strictObject({ digest: sha256Hex, keyid: sha256Hex, signature: base64.max(128) }))
    .min(1)
    .max(MOST_COUNTERSIGNATURES),
});
export const countersigned = z.object({
  /**
   * Number of valid signatures in the request with which organization keys confirm messaging keys. Signatures that the server had already
   * stored count too, so that a repeated request gets the same response.
   */
  countersigned: z.int(),
  refused: z.array(z.object({ digest: z.string(), code: z.string(), detail: z.string() })),
});
