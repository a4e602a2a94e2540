/** The certificate of destruction, as a pack has it. Its words are in `destruction-words.ts`. */
import { z } from 'zod';
import { orderNumber, sha256Hex, timestamp } from '../order/documents.ts';
import { handleSchema } from './format.ts';

const count = z.int().min(0);

/** Of one device, or of all of them: rows at the server, and bytes where bytes say more. */
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

/** wiped: by the device's own receipt. silent: it never answered, and what is on it is not known to be gone. */
export const EXIT_OUTCOMES = ['wiped', 'silent'] as const;
export type ExitOutcome = (typeof EXIT_OUTCOMES)[number];

export const destructionSchema = z.strictObject({
  order: orderNumber,
  /** By which the exit was approved. */
  revision: z.int().min(1),
  adoptedAt: timestamp,
  devices: z
    .array(
      z.strictObject({
        device: handleSchema,
        outcome: z.enum(EXIT_OUTCOMES),
        at: timestamp,
        destroyed: destroyedSchema,
        /** Random: the ledger has the hash of all this alone (`endDigest`). */
        salt: sha256Hex,
      }),
    )
    .max(10_000_000),
  /** Denied by the order when the pack was made, and not destroyed: by a legal hold, not carried out yet, not heard of since. */
  held: count,
  waiting: count,
  unheard: count,
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
