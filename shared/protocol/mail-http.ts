/**
 * HTTPS routes of the device listener for mail. Each route requires the device's client certificate. The server stores mail sealed: it sees
 * the sending device, the receiving devices, sizes and times, and never a header or a body (ADR 56).
 * - `PUT /device/mail/key` (`mailKeyStatementSchema`) submits the key to which other devices seal mail for this enrollment → 204. A newer key
 *   replaces the older one. The server refuses a key with an older number (`conflict`).
 * - `POST /device/mail/keys` (`mailKeysBody`) → `mailKeysResponse`: newest keys of the given devices. A device without a key is absent.
 * - `GET /device/mail/connectors` → `mailConnectorsResponse`: enrolled mail connectors, connected ones first.
 * - `POST /device/mail/recipients` (`mailRecipientsBody`) → `mailRecipientsResponse`: whose mail the addresses receive, and whether the mail
 *   service is available to these people now. Only for mail connectors (`forbidden`).
 * - `PUT /device/mail/pieces/ID` (bytes, at most `LARGEST_MAIL_PIECE`) → 204: one encrypted piece of a mail. ID: 32 random bytes, base64url.
 *   A repeated upload of the same bytes changes nothing. A piece that no mail names after a day is deleted.
 * - `GET /device/mail/pieces/ID` → the bytes. Only for recipients of a mail that names the piece.
 * - `POST /device/mail` (`sealedMailSchema`) → `mailResponse`: hands over a mail whose pieces are stored. The mail is durable when the response
 *   arrives. A repeated mail (`id`) of the same enrollment gets the same response for 30 days and is stored once. If no recipient's outcome
 *   is `stored` or `held`, the server stores nothing, and the sender may repeat the mail later.
 * - `GET /device/mail/queue?after=SEQ` → `mailQueueResponse`: the next items for this device, oldest first. The server repeats an item until
 *   the device acknowledges it. While an order suspends mail, the response contains only the mail that the order's rule allows.
 *   `after` is the number of the newest item that the device has stored; 0 at first. If the server was restored from an older backup, it
 *   gives waiting items new numbers above `after`. Such an item may repeat an earlier one, so devices recognize a mail by sender and `id`.
 * - `POST /device/mail/queue/received` (`mailReceivedBody`) → 204: the device has stored all items up to `through` durably. This counts only
 *   for items that the server has sent to the device. Fetch the pieces of a mail before this request: afterward the server deletes them.
 *
 * The frame `new-mail` tells a connected device that its queue has a new item. A lost frame only delays the item, because devices also ask
 * after each connection and on a timer.
 */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { attachmentIdSchema } from './device-http.ts';
import { denialSchema, MOST_RECIPIENTS } from './frames.ts';
import { deviceIdSchema, personIdSchema } from './ids.ts';

const MiB = 1024 * 1024;
/** Largest e-mail message (RFC 5322) in bytes that Cordon carries. A file of 25 MB has 34 MB in base64. */
export const LARGEST_MAIL = 36 * MiB;
/** Plain bytes of one piece. All pieces but the last have exactly this size. */
export const MAIL_PIECE = 4 * MiB;
/** Maximum bytes of an encrypted piece: the plain bytes and the authentication tag. */
export const LARGEST_MAIL_PIECE = MAIL_PIECE + 16;
export const MOST_MAIL_PIECES = 10;
/** Maximum time of the transfer of one piece, in milliseconds, long enough for a slow network. */
export const MAIL_PIECE_WITHIN = 15 * 60_000;

const enrollment = { device: deviceIdSchema, generation: z.int().min(1) };

/** Public key for mail (X25519, RFC 7748), signed by the messaging key of the same enrollment (`shared/seal/mail-key.ts`). */
export const mailKeyStatementSchema = z.strictObject({
  /** Canonical JSON of `mailKeySchema`, base64. */
  payload: z.base64().max(2000),
  /** Ed25519 signature (RFC 8032), base64. */
  signature: z.base64().length(88),
});
export type MailKeyStatement = z.infer<typeof mailKeyStatementSchema>;

export const mailKeysBody = z.strictObject({ devices: z.array(deviceIdSchema).min(1).max(MOST_RECIPIENTS) });
export const mailKeysResponse = z.strictObject({
  keys: z.array(z.strictObject({ ...enrollment, statement: mailKeyStatementSchema })).max(MOST_RECIPIENTS),
});

export const mailConnectorsResponse = z.strictObject({
  connectors: z.array(z.strictObject({ ...enrollment, connected: z.boolean() })).max(16),
});

export const MOST_MAIL_ADDRESSES = 100;
const address = z.string().min(3).max(254);
export const mailRecipientsBody = z.strictObject({ addresses: z.array(address).min(1).max(MOST_MAIL_ADDRESSES) });
/**
 * State of the mail service for one address, the best of the person's devices.
 * - `available`: at least one device may receive mail.
 * - `held`: an order suspends mail, and its rule holds new mail until the order ends.
 * - `refused`: an order suspends mail, and its rule returns new mail to the sender.
 * - `full`: the queue of each device is full.
 * - `no-device`: the person has no verified device with a mail key.
 * - `unknown`: no person has the address.
 */
export const MAIL_RECIPIENT_STATES = ['available', 'held', 'refused', 'full', 'no-device', 'unknown'] as const;
export const mailRecipientsResponse = z.strictObject({
  recipients: z
    .array(
      z.strictObject({
        address,
        person: personIdSchema.nullable(),
        state: z.enum(MAIL_RECIPIENT_STATES),
        /** For `held` and `refused`: the order, its public explanation and the contact for an appeal. */
        denial: denialSchema.nullable(),
      }),
    )
    .max(MOST_MAIL_ADDRESSES),
});
export type MailRecipient = z.infer<typeof mailRecipientsResponse>['recipients'][number];

/** Mail sealed for the mail keys of devices. `shared/seal/mail.ts` makes and opens it. */
export const sealedMailSchema = z.strictObject({
  id: z.uuid(),
  sender: z.strictObject(enrollment),
  recipients: z
    .array(
      z.strictObject({
        ...enrollment,
        /** Number of the recipient's mail key. */
        key: z.int().min(1),
        /** Encapsulated key and encrypted content key (HPKE, RFC 9180), base64. */
        enc: z.base64().length(44),
        wrapped: z.base64().length(64),
      }),
    )
    .min(1)
    .max(MOST_RECIPIENTS),
  /** Encrypted header (`mailHeaderSchema`), base64. */
  header: z.base64().max(64 * 1024),
  pieces: z
    .array(
      z.strictObject({
        id: attachmentIdSchema,
        /** SHA-256 of the encrypted piece. */
        sha256: sha256Hex,
        /** Bytes of the encrypted piece. */
        size: z.int().min(17).max(LARGEST_MAIL_PIECE),
      }),
    )
    .min(1)
    .max(MOST_MAIL_PIECES),
  /** Ed25519 signature by the messaging key of the sending enrollment, base64. */
  signature: z.base64().length(88),
});
export type SealedMail = z.infer<typeof sealedMailSchema>;

/**
 * Result for one receiving device.
 * - `stored`: the device may fetch the mail now.
 * - `held`: an order suspends mail for the device. The mail arrives after the order.
 * - `refused`: an order suspends mail for the device, and its rule returns mail.
 * - `unknown`: this enrollment of the device has ended.
 * - `full`: the device's queue is full. The sender may try again later.
 */
export const mailResponse = z.strictObject({
  /** Set if an order suspends mail for the sending device. The server then stored nothing, and `recipients` is empty. */
  denial: denialSchema.nullable(),
  recipients: z
    .array(
      z.strictObject({
        device: deviceIdSchema,
        outcome: z.enum(['stored', 'held', 'refused', 'unknown', 'full']),
        denial: denialSchema.nullable(),
      }),
    )
    .max(MOST_RECIPIENTS),
});
export type MailResponse = z.infer<typeof mailResponse>;

/**
 * Event of a mail that this device sent, for one receiving device.
 * - `delivered`: the device has stored the mail.
 * - `held`, `released`: an order began or ended to hold the mail.
 * - `returned`: an order's rule returned the mail (`denial`), or the receiving enrollment ended (`denial` is null).
 * - `expired`: nobody fetched the mail in time.
 */
export const MAIL_EVENTS = ['delivered', 'held', 'released', 'returned', 'expired'] as const;
export const mailQueueItemSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('mail'), seq: z.int().min(1), at: z.int().min(0), mail: sealedMailSchema }),
  z.strictObject({
    type: z.literal('event'),
    seq: z.int().min(1),
    at: z.int().min(0),
    id: z.uuid(),
    device: deviceIdSchema,
    event: z.enum(MAIL_EVENTS),
    denial: denialSchema.nullable(),
  }),
]);
export type MailQueueItem = z.infer<typeof mailQueueItemSchema>;
export type MailEvent = Extract<MailQueueItem, { type: 'event' }>;

export const mailQueueQuery = z.strictObject({ after: z.coerce.number().int().min(0) });
export const MOST_MAIL_QUEUE_ITEMS = 50;
export const mailQueueResponse = z.strictObject({
  items: z.array(mailQueueItemSchema).max(MOST_MAIL_QUEUE_ITEMS),
  /** True if the queue may have further items. */
  more: z.boolean(),
});
export const mailReceivedBody = z.strictObject({ through: z.int().min(1) });
