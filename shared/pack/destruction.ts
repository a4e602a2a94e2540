/** The certificate of destruction in a pack. `destruction-words.ts` has its texts. */
import { z } from 'zod';
import { orderNumber, sha256Hex, timestamp } from '../order/documents.ts';
import { handleSchema } from './format.ts';

const count = z.int().min(0);

/** Destroyed data of one device, or of all devices: numbers of rows on the server, and of bytes where bytes say more. */
export const destroyedSchema = z.strictObject({
  certificates: count,
  messages: count,
  messageBytes: count,
  keyPackages: count,
  attachments: count,
  attachmentBytes: count,
  inventories: count,
  commands: count,
});
export type Destroyed = z.infer<typeof destroyedSchema>;

/** wiped: by the device's own receipt. silent: the device never answered, and its data may still exist. */
export const EXIT_OUTCOMES = ['wiped', 'silent'] as const;
export type ExitOutcome = (typeof EXIT_OUTCOMES)[number];

export const destructionSchema = z.strictObject({
  order: orderNumber,
  /** Revision that approved the exit. */
  revision: z.int().min(1),
  adoptedAt: timestamp,
  devices: z
    .array(
      z.strictObject({
        device: handleSchema,
        outcome: z.enum(EXIT_OUTCOMES),
        at: timestamp,
        destroyed: destroyedSchema,
        /** Random value: the ledger contains only the hash of this certificate's entries (`endDigest`). */
        salt: sha256Hex,
      }),
    )
    .max(10_000_000),
  /**
   * Devices that the order blocked when the pack was made, and that were not destroyed: under a legal hold, still pending, or not heard of
   * since.
   */
  held: count,
  waiting: count,
  unanswered: count,
});
export type Destruction = z.infer<typeof destructionSchema>;

export const NOTHING_DESTROYED: Destroyed = {
  certificates: 0,
  messages: 0,
  messageBytes: 0,
  keyPackages: 0,
  attachments: 0,
  attachmentBytes: 0,
  inventories: 0,
  commands: 0,
};

export function sumOf(all: Iterable<Destroyed>): Destroyed {
  const sum = { ...NOTHING_DESTROYED };
  for (const each of all) for (const what of Object.keys(sum) as (keyof Destroyed)[]) sum[what] += each[what];
  return sum;
}
