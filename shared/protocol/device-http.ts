/**
 * What a device asks of the device listener by plain HTTPS, beside the link, for sealed messages. Every path stands behind the same client
 * certificate, and answers JSON unless it says otherwise.
 *
 * - `POST /device/messaging-key` (`messagingKeyBody`) hands in the key that this enrolment signs messages with → `messagingKeyAnswer`.
 * - `GET /device/messaging-key` → `messagingKeyAnswer`: whether it is certified and countersigned by now.
 * - `GET /device/people?text=` → `peopleAnswer`: at most 20 people whose names hold the text.
 * - `POST /device/members` (`membersBody`) → `membersAnswer`. Until its session ends the device hears `members-changed` of these people.
 * - `POST /device/key-packages` (`keyPackagesBody`) → `{ left }`.
 * - `POST /device/key-packages/claim` (`claimBody`) → `claimAnswer`: one package of each device that has one left; the single-use ones are gone then.
 * - `PUT /device/attachments/ID` (bytes, at most `LARGEST_ATTACHMENT`) → 204; ID: 32 random bytes of the sender, base64url. Who knows it may fetch it.
 *   It may take `ATTACHMENT_WITHIN`, as long as something comes; any other body a minute.
 * - `GET /device/attachments/ID` → the bytes.
 * - `GET /device/ledger/consistency?from=SIZE&to=SIZE` → `consistencyView` of `shared/api/ledger.ts`: that the tree of `to` leaves (without it, that of
 *   the newest checkpoint, which is given in any case) begins with that of `from`. `from=0` proves nothing and gives the newest checkpoint.
 * - `POST /device/recollection` (`recollectionBody`, at most `LARGEST_RECOLLECTION` bytes) → `{ taken }`: only after the server asked (`recall`).
 */
import { z } from 'zod';
import { inclusionView } from '../api/ledger.ts';
import { envelopeSchema, personId } from '../order/documents.ts';
import { deviceIdSchema } from './ids.ts';

/** An order list, and the revisions behind its stubs, as base64 in JSON. */
export const LARGEST_RECOLLECTION = 16 * 1024 * 1024;
/**
 * What a device has stored, for a server that was restored from a backup. The server believes nothing of it but what is signed, by approvers or
 * by itself.
 */
export const recollectionBody = z.strictObject({
  /** Approver sets from the pinned one on, oldest first. */
  roots: z.array(envelopeSchema).max(256),
  list: envelopeSchema.nullable(),
  /** The newest revision of every order that the device has verified, those behind the list's stubs included. */
  orders: z.array(envelopeSchema).max(5000),
  record: envelopeSchema.nullable(),
  /** The newest checkpoint of the ledger that the device has verified: a signed note. */
  checkpoint: z.string().max(10_000).nullable(),
});
export type Recollection = z.infer<typeof recollectionBody>;

export const LARGEST_ATTACHMENT = 5 * 1024 * 1024 + 64;
/** Over a poor network a file takes its time; what drips for longer is not waited for. Milliseconds. */
export const ATTACHMENT_WITHIN = 15 * 60_000;
export const attachmentIdSchema = z.base64url().length(43);

export const messagingKeyBody = z.strictObject({ envelope: envelopeSchema });
export const messagingKeyAnswer = z.strictObject({
  /** Null: none was handed in for this enrolment. */
  certificate: envelopeSchema.nullable(),
  countersigned: z.boolean(),
});

export const peopleAnswer = z.strictObject({
  people: z.array(z.strictObject({ person: personId, name: z.string(), devices: z.int().min(1) })).max(20),
});

/** All devices of these people, and these devices: who is let in by a welcome knows the devices of a group before its people. */
export const membersBody = z
  .strictObject({
    people: z.array(personId).max(200).default([]),
    devices: z.array(deviceIdSchema).max(512).default([]),
  })
  .refine(({ people, devices }) => people.length + devices.length > 0, 'asks about nobody');

/** The ledger's word on a leaf. All proofs of one answer are against one checkpoint. */
const proofSchema = inclusionView;
export const memberSchema = z.strictObject({
  /** `messagingCertificateSchema`, signed by an online key and by an organisation key. */
  certificate: envelopeSchema,
  certified: proofSchema,
  countersigned: proofSchema,
});
export type MemberProof = z.infer<typeof memberSchema>;
/** Devices that are enrolled, certified and countersigned now, of those who were asked about. */
export const membersAnswer = z.strictObject({ members: z.array(memberSchema).max(1000) });

const keyPackage = z.base64().max(16 * 1024);
export const keyPackagesBody = z.strictObject({
  packages: z.array(keyPackage).max(100),
  /** Handed out when no other is left, and again and again (RFC 9420, section 16.8). */
  lastResort: keyPackage.nullable(),
  /** All that were handed in before are forgotten: their private keys are. */
  replace: z.boolean(),
});
export const keyPackagesAnswer = z.strictObject({ left: z.int().min(0) });
export const claimBody = z.strictObject({ devices: z.array(deviceIdSchema).min(1).max(512) });
export const claimAnswer = z.strictObject({
  packages: z
    .array(
      z.strictObject({ device: deviceIdSchema, generation: z.int().min(1), body: keyPackage, lastResort: z.boolean() }),
    )
    .max(512),
});
