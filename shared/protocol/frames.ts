/**
 * Frames of the protocol `cordon.v1` between agent and server. This file is their specification. An agent also needs EST, the signed
 * documents, the verdict rules and the HTTPS routes (`device-http.ts`); ARCHITECTURE.md lists their specifications.
 *
 * Transport: a WebSocket over TLS 1.3 with a client certificate, path `/link`, subprotocol `cordon.v1`. The query of the upgrade states the
 * device's versions (`?list=12`), so that a refusal (HTTP 451) can contain the newer list. Each message is one JSON text frame in UTF-8
 * without compression; binary frames are refused. The certificate is the identity; frames contain none.
 *
 * Sequence: device `hello` → server `welcome`, then newer approver sets, record and list, `address`, and commands.
 *
 * Delivery: at least once in both directions. The server repeats a command until `command-stored` confirms that the device has stored it;
 * the device ignores a known id. The device repeats a `report` with its outbox sequence number until `reports-stored` names this number or
 * a later one; the server ignores stored reports of this generation.
 *
 * Heartbeats are WebSocket pings of the server. All times are Unix milliseconds. `welcome`, `time` and `address` contain the server's
 * clock, which is authenticated time for the device.
 *
 * Refusal: after HTTP 451 or close code 4451, a device polls by HTTPS on the same listener:
 * - `GET /device/record` with its stored versions as in `hello` (`?list=7&record=2&approverSet=1`). The response header `Cordon-Address` contains
 * JSON `{ "time", "areas" }`, the content of an `address` frame.
 * - `GET /orders/list`.
 * - `GET /device/withheld`: the revisions behind the list's stubs, as a JSON array of envelopes; also for a connected device that lacks
 * one.
 * - `GET /device/time-correction`: an envelope, or 404.
 * - `POST /device/receipts`.
 *
 * Version history. v1: first version.
 */
import { z } from 'zod';
import { envelopeSchema, observationSchema, personId } from '../order/documents.ts';
import { commandIdSchema, deviceIdSchema } from './ids.ts';

export const SUBPROTOCOL = 'cordon.v1';
export const LINK_PATH = '/link';
export const ADDRESS_HEADER = 'cordon-address';
/** Value `documents` or `facts`: a restored server asks a refused device for its stored documents. */
export const RECALL_HEADER = 'cordon-recall';

/**
 * Size limits of text frames in bytes. A list of 1,000 orders with approvals has about 3 MB; the server creates no larger list than fits
 * (`requireRoom`).
 */
export const MAX_FRAME_FROM_DEVICE = 256 * 1024;
export const MAX_FRAME_FROM_SERVER = 8 * 1024 * 1024;
/** Unread bytes after which the server drops a slow reader. */
export const MAX_UNREAD = 16 * 1024 * 1024;
/** Milliseconds after the upgrade within which `hello` must arrive. */
export const HELLO_WITHIN = 10_000;
export const PING_EVERY = 30_000;

/** Close codes of the application range (RFC 6455, section 7.4.2). */
export const CLOSE = {
  /** Close code: the frame violated the protocol; the reason contains the error code. */
  malformed: 4400,
  /** Close code: the certificate was revoked or the device unenrolled while connected. */
  revoked: 4403,
  /** Close code: the peer sent no `hello` or no pong in time. */
  timeout: 4408,
  /** Close code: a newer connection of the same device replaced the connection. */
  takenOver: 4409,
  /** Close code: the reader was too slow. */
  slow: 4413,
  /** Close code: the device sent too many frames. */
  flood: 4429,
  /**
   * Close code: an order blocks `management`. The device has stored the order list, and polls instead of connecting. The code is named
   * after HTTP 451 (RFC 7725).
   */
  denied: 4451,
  /** Close code: the server is stopping. The device reconnects with jitter. */
  goingAway: 1001,
} as const;

const time = z.int().min(0);
/** The server doubts its own clock: the time in the frame is not authenticated time. */
const doubtful = z.literal(true).optional();
const version = z.int().min(0);

export const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('refresh-inventory') }),
  z.strictObject({ kind: z.literal('message'), text: z.string().min(1).max(2000) }),
  z.strictObject({ kind: z.literal('lock-workspace') }),
  z.strictObject({ kind: z.literal('unlock-workspace') }),
  z.strictObject({ kind: z.literal('wipe-workspace') }),
  z.strictObject({ kind: z.literal('restart-agent') }),
  z.strictObject({ kind: z.literal('unenroll') }),
]);
export type Command = z.infer<typeof commandSchema>;

/** The server's random half of a locked workspace's key: 32 bytes, useless without the device's half. */
const unlockShare = z.base64().length(44);
export const MOST_UNLOCK_SHARES = 16;

/** Reason for blocked traffic, from the terms of the order. */
export const denialSchema = z.strictObject({
  code: z.enum(['service_denied', 'device_unknown', 'too_many_conversations']),
  detail: z.string().max(1000),
  order: z.string().max(32).nullable(),
  reasons: z.array(z.string().max(32)).max(16),
  appeal: z.string().max(4000).nullable(),
  /** Gate that blocked the traffic. */
  by: z.enum(['server', 'sender', 'recipient']),
});
export type DenialNotice = z.infer<typeof denialSchema>;

/** Largest sealed data of one post, in bytes. The server cannot read it. */
export const LARGEST_SEALED = 128 * 1024;
const sealedBody = z.base64().max(4 * Math.ceil(LARGEST_SEALED / 3));
/** Conversation identifier: 16 random bytes, base64url. The server knows a conversation only by this identifier. */
export const conversationIdSchema = z.base64url().length(22);
/** Largest number of recipient devices of one post. */
export const MOST_RECIPIENTS = 512;

/** Result of a post for one recipient. `unknown`: the device does not exist, or not in this generation any more. */
const recipientOutcome = z.strictObject({
  device: deviceIdSchema,
  outcome: z.enum(['stored', 'held', 'refused', 'unknown', 'full']),
  denial: denialSchema.nullable(),
});

export const serverFrameSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('welcome'),
    time,
    doubtful,
    installation: z.string(),
    device: deviceIdSchema,
    generation: z.int().min(1),
    /** Newest versions on the server. */
    list: version,
    record: version,
    approverSet: version,
    /** Number of the last stored report of this generation; 0 for none. */
    reports: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('time'), time }),
  /**
   * Areas of the connection's IP address; sent again after another IP database changes them. Without areas, the address is not evidence.
   */
  z.strictObject({ kind: z.literal('address'), time, doubtful, areas: z.array(z.string()).max(16) }),
  /** All approver sets after the device's newest approver set, oldest first. */
  z.strictObject({ kind: z.literal('approver-sets'), envelopes: z.array(envelopeSchema).max(256) }),
  /** `withheld`: revisions behind the list's stubs, which the public must not see. */
  z.strictObject({
    kind: z.literal('list'),
    envelope: envelopeSchema,
    withheld: z.array(envelopeSchema).max(5000).optional(),
  }),
  z.strictObject({ kind: z.literal('record'), envelope: envelopeSchema }),
  /** Approvers' statement that the server's time was wrong. Only for a device whose `hello` has `wall`. */
  z.strictObject({ kind: z.literal('time-correction'), envelope: envelopeSchema }),
  z.strictObject({
    kind: z.literal('command'),
    id: commandIdSchema,
    command: commandSchema,
    /**
     * `lock-workspace`: the one share to lock with. `unlock-workspace`: possible shares, newest first. The device deletes them after use.
     */
    shares: z.array(unlockShare).max(MOST_UNLOCK_SHARES).optional(),
    expires: time,
  }),
  z.strictObject({ kind: z.literal('reports-stored'), through: z.int().min(1) }),
  /**
   * Response to `post`, the same for a week however often the device repeats it. `accepted`: stored durably for each recipient as
   * `recipients` states. `superseded`: another commit has ended this epoch; nothing was stored, and that commit comes with the mailbox.
   * `blocked`: the commit is not allowed, because it is not for the next epoch, its sender is not a member, or `to` lacks a member; nothing
   * was stored. `refused`: nothing was stored, for the reason in `denial`; a later attempt may be accepted.
   */
  z.strictObject({
    kind: z.literal('posted'),
    id: z.uuid(),
    outcome: z.enum(['accepted', 'superseded', 'blocked', 'refused']),
    denial: denialSchema.nullable(),
    recipients: z.array(recipientOutcome).max(MOST_RECIPIENTS),
  }),
  /**
   * Response to `mailbox`: the server's memory of this enrollment, its last `taken` and the number of accepted posts. A device that
   * remembers less was restored from a copy.
   */
  z.strictObject({ kind: z.literal('mailbox-is'), taken: z.int().min(0), posts: z.int().min(0) }),
  /** One entry of the mailbox, repeated until `taken` names its number or a later one. `seq` increases, possibly with gaps. */
  z.strictObject({
    kind: z.literal('mail'),
    seq: z.int().min(1),
    item: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('post'),
        id: z.uuid(),
        from: deviceIdSchema,
        generation: z.int().min(1),
        at: time,
        body: sealedBody,
      }),
      /** Later state of the device's own post for one recipient. `order`: the order that caused the state. */
      z.strictObject({
        type: z.literal('fate'),
        id: z.uuid(),
        device: deviceIdSchema,
        fate: z.enum(['held', 'released', 'returned', 'expired']),
        order: z.string().max(32).nullable(),
        at: time,
      }),
    ]),
  }),
  /** Number of remaining single-use key packages; sent after `mailbox-is`, and when few remain. */
  z.strictObject({ kind: z.literal('key-packages-left'), count: z.int().min(0) }),
  /** Change of the devices of a person about whom this session has asked. */
  z.strictObject({ kind: z.literal('members-changed'), person: personId }),
  /**
   * A server that was restored from a backup asks for the signed documents that the device has stored: `POST /device/recollection`.
   * `documents`: also approver sets and the order list, because the device has newer ones than the backup. A refused device finds the
   * request as `recall` in the body of its 451, or in the header `Cordon-Recall` of its record: `documents` or `facts`.
   */
  z.strictObject({ kind: z.literal('recall'), documents: z.boolean() }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;

/** Inventory from systeminformation. Unknown values are null. */
export const inventorySchema = z.strictObject({
  at: time,
  agent: z.string().max(64),
  hostname: z.string().max(255).nullable(),
  os: z.strictObject({
    platform: z.string().max(64),
    distro: z.string().max(128).nullable(),
    release: z.string().max(128).nullable(),
    kernel: z.string().max(128).nullable(),
    arch: z.string().max(32),
  }),
  hardware: z.strictObject({
    manufacturer: z.string().max(128).nullable(),
    model: z.string().max(128).nullable(),
    serial: z.string().max(128).nullable(),
    uuid: z.string().max(64).nullable(),
    cpu: z.string().max(128).nullable(),
    cores: z.int().nullable(),
    memory: z.int().nullable(),
  }),
  disks: z
    .array(z.strictObject({ name: z.string().max(128), size: z.int().nullable(), encrypted: z.boolean().nullable() }))
    .max(64),
  network: z.array(z.strictObject({ name: z.string().max(64), mac: z.string().max(32).nullable() })).max(64),
});
export type Inventory = z.infer<typeof inventorySchema>;

export const commandOutcomeSchema = z.enum(['done', 'failed', 'expired']);

export const displayedOnSchema = z.enum(['desktop', 'page', 'command-line']);
export type DisplayedOn = z.infer<typeof displayedOnSchema>;

export const reportItemSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('inventory'), inventory: inventorySchema }),
  z.strictObject({ type: z.literal('evidence'), observations: z.array(observationSchema).min(1).max(16) }),
  /** A receipt's DSSE envelope, signed by the device's certificate key. */
  z.strictObject({ type: z.literal('receipt'), envelope: envelopeSchema }),
  z.strictObject({
    type: z.literal('result'),
    command: commandIdSchema,
    outcome: commandOutcomeSchema,
    detail: z.string().max(2000),
    at: time,
  }),
  /** The device has displayed the whole text of a `message` command to its user, for the first time. `at`: real time. */
  z.strictObject({ type: z.literal('displayed'), command: commandIdSchema, on: displayedOnSchema, at: time }),
  /** An event on the device that an admin must see: a forked list, a lower version, a vanished order. */
  z.strictObject({ type: z.literal('alert'), code: z.string().max(64), detail: z.string().max(1000), at: time }),
]);
export type ReportItem = z.infer<typeof reportItemSchema>;

/**
 * A commit that moves a conversation to its next epoch. The server accepts one commit for each epoch, in order, and only from a member. The commit's
 * post must go to every other member. Epoch 0 registers the conversation, and its sender is the first member. `remove` applies before `add`. A commit
 * that no other member had to receive travels with the welcome that it made.
 */
const conversationCommitSchema = z.strictObject({
  conversation: conversationIdSchema,
  epoch: z.int().min(0),
  /** Enrollments that become members of the conversation. */
  add: z
    .array(z.strictObject({ device: deviceIdSchema, generation: z.int().min(1) }))
    .max(MOST_RECIPIENTS)
    .default([]),
  /** Devices that stop being members of the conversation. */
  remove: z.array(deviceIdSchema).max(MOST_RECIPIENTS).default([]),
});

export const deviceFrameSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hello'),
    agent: z.string().max(64),
    /** The device's wall clock. Many devices together can show that the server's clock is wrong. */
    wall: time.optional(),
    list: version,
    record: version,
    approverSet: version,
  }),
  /** Stored versions, after a list, record or approver set arrived. */
  z.strictObject({ kind: z.literal('have'), list: version, record: version, approverSet: version }),
  z.strictObject({ kind: z.literal('command-stored'), id: commandIdSchema }),
  z.strictObject({ kind: z.literal('report'), seq: z.int().min(1), item: reportItemSchema }),
  /**
   * A sealed message for the mailboxes of other devices; `posted` confirms that it is stored. `commit`: the message ends this epoch (RFC
   * 9420, section 14), and the rules of `conversationCommitSchema` apply. `keep`: a suspended recipient receives it after the order,
   * whatever the order's rule for waiting messages is. Commits and welcomes need `keep`, because a device without one loses its
   * conversation. The field reveals nothing that the server does not see anyway (`content_type`, section 6.3).
   */
  z.strictObject({
    kind: z.literal('post'),
    id: z.uuid(),
    to: z.array(deviceIdSchema).min(1).max(MOST_RECIPIENTS),
    keep: z.boolean(),
    commit: conversationCommitSchema.nullable(),
    /** End of delivery; null: the server's retention time. */
    expires: time.nullable(),
    body: sealedBody,
  }),
  /** Request for the mailbox (`open`), after `welcome` and when the device's gate opens; or a request to stop. */
  z.strictObject({ kind: z.literal('mailbox'), open: z.boolean() }),
  /** Number up to which the device has stored its mailbox durably. */
  z.strictObject({ kind: z.literal('taken'), through: z.int().min(1) }),
]);
export type DeviceFrame = z.infer<typeof deviceFrameSchema>;
