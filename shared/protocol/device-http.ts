/**
 * HTTPS routes of the device listener beside the WebSocket: sealed messages, evidence and recovery. Each route requires the device's client
 * certificate, and the response is JSON unless stated otherwise.
 * - `POST /device/messaging-key` (`messagingKeyBody`) submits the key with which this enrollment signs messages →
 *   `messagingKeyResponse`.
 * - `GET /device/messaging-key` → `messagingKeyResponse`: whether the key is certified and countersigned.
 * - `GET /device/people?text=` → `peopleResponse`: at most 20 people whose names contain the text.
 * - `POST /device/members` (`membersBody`) → `membersResponse`: devices of the given people. Until its WebSocket session ends, the
 *   requesting device receives the frame `members-changed` when the devices of these people change.
 * - `POST /device/key-packages` (`keyPackagesBody`) → `{ remaining }`.
 * - `POST /device/key-packages/claim` (`claimBody`) → `claimResponse`: one key package of each device that has one. The server returns a
 *   single-use package only once.
 * - `PUT /device/attachments/ID` (bytes, at most `LARGEST_ATTACHMENT`) → 204. ID: 32 random bytes of the sender, base64url. Each device
 *   that knows the ID can fetch the file. The upload may take `ATTACHMENT_WITHIN`; other request bodies may take one minute.
 * - `GET /device/attachments/ID` → the bytes.
 * - `GET /device/packages/SHA256` with the header `Range: bytes=FROM-` → 206: a part of an own package, from this byte. 503 with `Retry-After`
 *   while the bandwidth for packages is in use.
 * - `GET /device/ledger/consistency?from=SIZE&to=SIZE` → `consistencyView` of `shared/api/ledger.ts`: proof that the ledger of `to` entries
 *   contains the first `from` entries unchanged. Default for `to`: the newest checkpoint's size. The response always contains the newest
 *   checkpoint. `from=0` proves nothing.
 * - `GET /device/ledger/continuations?size=SIZE` → `continuationsResponse`: continuations of the ledger after a loss of entries (ADR 39),
 *   each with the proof that the ledger of `size` entries contains it.
 * - `POST /device/evidence` (`{ observations }`, 1 to 1,024 observations in the format of reports) → `{ stored, refused }`: for a device
 *   whose management is suspended.
 * - `PUT /device/logs/COMMAND` (gzip, at most `LARGEST_LOG` bytes) → 204: the agent's log, for its unfinished command `collect-logs`. A repeated
 *   upload replaces the log.
 * - `GET /device/files/COMMAND` with the header `Range: bytes=FROM-` → 206: a part of the file, for the device's unfinished command `push-file`.
 *   503 with `Retry-After` while the bandwidth is in use.
 * - `PUT /device/files/COMMAND` (bytes, at most `LARGEST_FILE`) → 204: the file, for the device's unfinished command `fetch-file`. The upload may
 *   take `ATTACHMENT_WITHIN`. A repeated upload replaces the file.
 * - `POST /device/passcode-share` (`passcodeShareBody`) → 204: the share with which an admin can reset the passcode of the workspace. The
 *   server keeps the newest `MOST_PASSCODE_SHARES` of a device, and returns them only in a command `unlock-workspace` with `resetPasscode`.
 * - `POST /device/recollection` (`recollectionBody`, at most `LARGEST_RECOLLECTION` bytes) → `{ accepted }`: only after the server's request
 *   (`recall`).
 */
import { z } from 'zod';
import { inclusionView } from '../api/ledger.ts';
import { envelopeSchema, personId } from '../order/documents.ts';
import { deviceIdSchema } from './ids.ts';

/**
 * Maximum size of a request body for `POST /device/recollection`, in bytes: enough for an order list and all withheld revisions as base64
 * in JSON.
 */
export const LARGEST_RECOLLECTION = 16 * 1024 * 1024;
/**
 * Documents that a device has stored, for a server that was restored from a backup. The server accepts only documents that approvers or the
 * server itself have signed.
 */
export const recollectionBody = z.strictObject({
  /** Approver sets, oldest first, starting with the set that the device pinned at enrollment. */
  approverSets: z.array(envelopeSchema).max(256),
  list: envelopeSchema.nullable(),
  /**
   * Newest verified revision of every order. The public order list contains only the digest of a withheld order's revision, so the server
   * needs the revision itself to recover the order.
   */
  orders: z.array(envelopeSchema).max(5000),
  record: envelopeSchema.nullable(),
  /** Newest verified checkpoint of the ledger, as a signed note. */
  checkpoint: z.string().max(10_000).nullable(),
});
export type Recollection = z.infer<typeof recollectionBody>;

/** Share of the workspace key: 32 random bytes of the device, which keeps no copy. */
export const passcodeShareBody = z.strictObject({ share: z.base64().length(44) });
export const MOST_PASSCODE_SHARES = 4;

/** Maximum size of a compressed log, in bytes. */
export const LARGEST_LOG = 1024 * 1024;

export const LARGEST_ATTACHMENT = 5 * 1024 * 1024 + 64;
/** Maximum time of an upload, in milliseconds, long enough for a slow network. */
export const ATTACHMENT_WITHIN = 15 * 60_000;
export const attachmentIdSchema = z.base64url().length(43);

export const messagingKeyBody = z.strictObject({ envelope: envelopeSchema });
export const messagingKeyResponse = z.strictObject({
  /** Certificate of the device's messaging key; null if the device has submitted no key since its last enrollment. */
  certificate: envelopeSchema.nullable(),
  countersigned: z.boolean(),
});

export const peopleResponse = z.strictObject({
  people: z.array(z.strictObject({ person: personId, name: z.string(), devices: z.int().min(1) })).max(20),
});

/**
 * Request for the devices of people, or for details of devices. A device that joins a conversation knows the ids of the member devices
 * before it knows their users.
 */
export const membersBody = z
  .strictObject({
    people: z.array(personId).max(200).default([]),
    devices: z.array(deviceIdSchema).max(512).default([]),
  })
  .refine(({ people, devices }) => people.length + devices.length > 0, 'names no person and no device');

/** Inclusion proof of a ledger entry. All proofs of one response refer to the same checkpoint. */
const proofSchema = inclusionView;
export const memberSchema = z.strictObject({
  /** Messaging certificate (`messagingCertificateSchema`), signed by an online key and by an organization key. */
  certificate: envelopeSchema,
  certified: proofSchema,
  countersigned: proofSchema,
});
export type MemberProof = z.infer<typeof memberSchema>;
/** Requested devices that are enrolled and have a countersigned messaging certificate. */
export const membersResponse = z.strictObject({ members: z.array(memberSchema).max(1000) });

/**
 * Approvers' statements that the ledger goes on under a new name after a loss of entries (continuations), oldest first. `index` is the
 * position of the statement's ledger entry. Because this entry is the first new one, `index` equals the number of entries that remained.
 */
export const continuationsResponse = z.strictObject({
  continuations: z
    .array(inclusionView.pick({ index: true, body: true, proof: true }).extend({ envelope: envelopeSchema }))
    .max(64),
});

const keyPackage = z.base64().max(16 * 1024);
export const keyPackagesBody = z.strictObject({
  packages: z.array(keyPackage).max(100),
  /** Key package of last resort (RFC 9420, section 16.8). The server gives it out repeatedly when no single-use package is left. */
  lastResort: keyPackage.nullable(),
  /** Whether the server deletes all earlier key packages of the device, because their private keys are lost. */
  replace: z.boolean(),
});
export const keyPackagesResponse = z.strictObject({ remaining: z.int().min(0) });
export const claimBody = z.strictObject({ devices: z.array(deviceIdSchema).min(1).max(512) });
export const claimResponse = z.strictObject({
  packages: z
    .array(
      z.strictObject({ device: deviceIdSchema, generation: z.int().min(1), body: keyPackage, lastResort: z.boolean() }),
    )
    .max(512),
});
