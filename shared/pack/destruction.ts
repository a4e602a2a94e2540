/** Certificate of destruction in an evidence pack. `destruction-words.ts` contains its texts. */
import { z } from 'zod';
import { orderNumber, sha256Hex, timestamp } from '../order/documents.ts';
import { handleSchema } from './format.ts';

const count = z.int().min(0);

/** Destroyed data as numbers of database rows, for some kinds of data also in bytes. */
export const destroyedSchema = z.strictObject({
  certificates: count,
  messages: count,
  messageBytes: count,
  keyPackages: count,
  attachments: count,
  attachmentBytes: count,
  /** Mails that waited in the device's queue, and their bytes. */
  mails: count,
  mailBytes: count,
  /** Events about mails that the device sent, which waited in the same queue. */
  mailEvents: count,
  /** Encrypted pieces of mails that the device uploaded and did not send, and their bytes. */
  mailPieces: count,
  mailPieceBytes: count,
  mailKeys: count,
  inventories: count,
  /** Logs, fetched files and outputs of scripts of the device, and their bytes. */
  copies: count,
  copyBytes: count,
  commands: count,
});
export type Destroyed = z.infer<typeof destroyedSchema>;

/**
 * Way in which an exit (an order's wipe of work data) ended a device's enrollment. `wiped`: the device signed a receipt of the wipe.
 * `silent`: the device never responded, and its data may still exist.
 */
export const EXIT_OUTCOMES = ['wiped', 'silent'] as const;
export type ExitOutcome = (typeof EXIT_OUTCOMES)[number];

export const destructionSchema = z.strictObject({
  order: orderNumber,
  revision: z.int().min(1),
  adoptedAt: timestamp,
  devices: z
    .array(
      z.strictObject({
        device: handleSchema,
        outcome: z.enum(EXIT_OUTCOMES),
        at: timestamp,
        destroyed: destroyedSchema,
        /**
         * Random salt of the device's record. The ledger contains the SHA-256 of the record. Because of the salt, readers of the ledger
         * cannot guess the record from its SHA-256.
         */
        salt: sha256Hex,
      }),
    )
    .max(10_000_000),
  /**
   * Numbers of devices that the order still blocked when the server made the evidence pack, and whose data was not destroyed. `held`:
   * devices under a legal hold. `waiting`: devices with a pending wipe. `unanswered`: devices without a response.
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
  mails: 0,
  mailBytes: 0,
  mailEvents: 0,
  mailPieces: 0,
  mailPieceBytes: 0,
  mailKeys: 0,
  inventories: 0,
  copies: 0,
  copyBytes: 0,
  commands: 0,
};

export function sumOf(all: Iterable<Destroyed>): Destroyed {
  const sum = { ...NOTHING_DESTROYED };
  for (const each of all) for (const what of Object.keys(sum) as (keyof Destroyed)[]) sum[what] += each[what];
  return sum;
}
