/**
 * The protocol `cordon.v1`: this file is the specification. Anyone can write an agent from it.
 *
 * Transport. A WebSocket over TLS 1.3 with a client certificate, path `/link`, subprotocol `cordon.v1`. The upgrade's query says
 * what the device holds (`?list=12`), so that a refusal (HTTP 451) can carry the newer list. One JSON text frame a message, UTF-8, no
 * compression; binary frames are refused. Identity is the certificate's and appears in no frame.
 *
 * Order of things. device: `hello` → server: `welcome`, then whatever of root, record and list is newer, `address`, then commands.
 *
 * Server → device is at least once: a command is sent again until `command-stored` says that the device has it durably; the device
 * ignores an id that it knows. Device → server is the same: a `report` carries the outbox's sequence number and is sent again until
 * `reports-stored` names it or a later one; the server ignores what it has stored of this generation.
 *
 * Heartbeats are WebSocket pings from the server. Time: `welcome`, `time` and `address` carry the server's clock, which is
 * authenticated time for the device (RFC 3339 nowhere on the link: all times are Unix milliseconds).
 *
 * Refused by HTTP 451 or closed with 4451, a device polls by plain HTTPS on the same listener: GET /device/record (with the versions that it has
 * stored, as in `hello`: `?list=7&record=2&root=1`, so that an admin sees that it is well), GET /orders/list, GET
 * /device/withheld (the revisions behind the list's stubs, as a JSON array of envelopes; also for a connected device that lacks one), GET
 * /device/time-correction (an envelope, or 404), POST
 * /device/receipts. The record's answer has the header `Cordon-Address`, JSON `{ "time", "areas" }`: what `address` would say.
 *
 * Version history. v1 (0.1.0): first.
 */
import { z } from 'zod';
import { envelopeSchema, observationSchema, personId } from '../order/documents.ts';
import { commandIdSchema, deviceIdSchema } from './ids.ts';

export const SUBPROTOCOL = 'cordon.v1';
export const LINK_PATH = '/link';
export const ADDRESS_HEADER = 'cordon-address';
/** `documents` or `facts`: a restored server asks a refused device for what it has stored. */
export const RECALL_HEADER = 'cordon-recall';

/** The largest text frame either side accepts, in bytes. A list of 1,000 orders with approvals is about 3 MB, and none is made that is larger (`requireRoom`). */
export const MAX_FRAME_FROM_DEVICE = 256 * 1024;
export const MAX_FRAME_FROM_SERVER = 8 * 1024 * 1024;
/** A reader that leaves more than this unread is dropped. */
export const MAX_UNREAD = 16 * 1024 * 1024;
/** A `hello` must come within this many milliseconds of the upgrade. */
export const HELLO_WITHIN = 10_000;
export const PING_EVERY = 30_000;

/** Close codes of the application range (RFC 6455, section 7.4.2). */
export const CLOSE = {
  /** The frame broke the protocol; the reason names the code. */
  malformed: 4400,
  /** The certificate was revoked or the device unenrolled while connected. */
  revoked: 4403,
  /** No `hello` in time, or no pong. */
  timeout: 4408,
  /** A newer socket of the same identity took over. */
  takenOver: 4409,
  /** The reader was too slow. */
  slow: 4413,
  /** More frames than a device has reason to send. */
  flood: 4429,
  /** `management` is denied by an order: the list has been stored, the device polls from now on. The number is HTTP 451 (RFC 7725). */
  denied: 4451,
  /** The server is shutting down; reconnect with jitter. */
  goingAway: 1001,
} as const;

const time = z.int().min(0);
/** The server doubts its own clock: the frame's time is no authenticated time. */
const doubtful = z.literal(true).optional();
const version = z.int().min(0);

export const COMMAND_KINDS = [
  'refresh-inventory',
  'message',
  'lock-workspace',
  'unlock-workspace',
  'wipe-workspace',
  'restart-agent',
  'unenrol',
] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

export const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('refresh-inventory') }),
  z.strictObject({ kind: z.literal('message'), text: z.string().min(1).max(2000) }),
  z.strictObject({ kind: z.literal('lock-workspace') }),
  z.strictObject({ kind: z.literal('unlock-workspace') }),
  z.strictObject({ kind: z.literal('wipe-workspace') }),
  z.strictObject({ kind: z.literal('restart-agent') }),
  z.strictObject({ kind: z.literal('unenrol') }),
]);
export type Command = z.infer<typeof commandSchema>;

/** The server's random half of a locked workspace: 32 bytes. It opens nothing without the device's half. */
const unlockShare = z.base64().length(44);
export const MOST_UNLOCK_SHARES = 16;

/** Why traffic was refused, in the terms of the order that refuses it. */
export const denialSchema = z.strictObject({
  code: z.enum(['service_denied', 'device_unknown', 'too_many_conversations']),
  detail: z.string().max(1000),
  order: z.string().max(32).nullable(),
  reasons: z.array(z.string().max(32)).max(16),
  appeal: z.string().max(4000).nullable(),
  /** Which gate refused. */
  by: z.enum(['server', 'sender', 'recipient']),
});
export type DenialNotice = z.infer<typeof denialSchema>;

/** Opaque to the server: what devices seal for each other, at most so many bytes. */
export const LARGEST_SEALED = 128 * 1024;
const sealedBody = z.base64().max(4 * Math.ceil(LARGEST_SEALED / 3));
/** 16 random bytes, base64url: names a conversation to the server and says nothing of it. */
export const conversationIdSchema = z.base64url().length(22);
/** To how many devices one post goes at most. */
export const MOST_RECIPIENTS = 512;

/** What became of a post for one recipient when it was handed in. `unknown`: no such device, or not of this generation any more. */
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
    /** The newest versions the server has. */
    list: version,
    record: version,
    root: version,
    /** The last report of this generation that the server has stored; 0 for none. */
    reports: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('time'), time }),
  /** Where the connection is seen to come from; again when another IP database says something else of it. No areas: the address is no evidence. */
  z.strictObject({ kind: z.literal('address'), time, doubtful, areas: z.array(z.string()).max(16) }),
  /** Every root after the one the device holds, oldest first. */
  z.strictObject({ kind: z.literal('roots'), envelopes: z.array(envelopeSchema).max(256) }),
  /** `withheld`: the revisions behind the list's stubs, which are kept from the public and not from devices. */
  z.strictObject({
    kind: z.literal('list'),
    envelope: envelopeSchema,
    withheld: z.array(envelopeSchema).max(5000).optional(),
  }),
  z.strictObject({ kind: z.literal('record'), envelope: envelopeSchema }),
  /** Approvers state that the server's time was wrong. Only for a device whose `hello` has `wall`. */
  z.strictObject({ kind: z.literal('time-correction'), envelope: envelopeSchema }),
  z.strictObject({
    kind: z.literal('command'),
    id: commandIdSchema,
    command: commandSchema,
    /** `lock-workspace`: the one share to lock with. `unlock-workspace`: those to try, newest first. The device keeps none after it is done. */
    shares: z.array(unlockShare).max(MOST_UNLOCK_SHARES).optional(),
    expires: time,
  }),
  z.strictObject({ kind: z.literal('reports-stored'), through: z.int().min(1) }),
  /**
   * The answer to `post`, the same for a week however often it is sent. `accepted`: durable for each recipient as `recipients` says.
   * `superseded`: another commit has taken this epoch, nothing was stored, and that commit comes with the mailbox. `blocked`: the commit is not
   * allowed; it is not for the next epoch, its sender is not a member, or a member is missing in `to`. Nothing was stored. `refused`: nothing was
   * stored; `denial` says why. A refusal is not remembered: the same post may be accepted once nothing stands against it any more.
   */
  z.strictObject({
    kind: z.literal('posted'),
    id: z.uuid(),
    outcome: z.enum(['accepted', 'superseded', 'blocked', 'refused']),
    denial: denialSchema.nullable(),
    recipients: z.array(recipientOutcome).max(MOST_RECIPIENTS),
  }),
  /**
   * The answer to `mailbox`: what the server remembers of this enrolment, its last `taken` and how many posts it has accepted. A device that
   * remembers less was restored from a copy.
   */
  z.strictObject({ kind: z.literal('mailbox-is'), taken: z.int().min(0), posts: z.int().min(0) }),
  /** One entry of the mailbox; sent again until `taken` names it or a later one. `seq` grows by any step. */
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
      /** What became of a post of one's own for one recipient, after it was accepted. `order`: because of it. */
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
  /** So many single-use key packages are left: after `mailbox-is`, and whenever few are. */
  z.strictObject({ kind: z.literal('key-packages-left'), count: z.int().min(0) }),
  /** The devices of a person that this session has asked about have changed. */
  z.strictObject({ kind: z.literal('members-changed'), person: personId }),
  /**
   * The server was restored from a backup and asks for the signed documents that the device has stored: `POST /device/recollection`. `documents`:
   * approver sets and order list too, because the device has newer ones than the backup. A refused device is asked by `recall` in the body of its
   * 451, or by the header `Cordon-Recall` on its record: `documents` or `facts`.
   */
  z.strictObject({ kind: z.literal('recall'), documents: z.boolean() }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;

/** The inventory that systeminformation gives; what it does not know is null, never invented. */
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
  /** Something the device noticed and an admin must see: a forked list, a lower version, an order that vanished. */
  z.strictObject({ type: z.literal('alarm'), code: z.string().max(64), detail: z.string().max(1000), at: time }),
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
  /** The enrollments that become members. */
  add: z
    .array(z.strictObject({ device: deviceIdSchema, generation: z.int().min(1) }))
    .max(MOST_RECIPIENTS)
    .default([]),
  /** The devices that cease to be members. */
  remove: z.array(deviceIdSchema).max(MOST_RECIPIENTS).default([]),
});

export const deviceFrameSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hello'),
    agent: z.string().max(64),
    /** The device's own wall clock. Most devices together can tell a server that its clock is wrong. */
    wall: time.optional(),
    list: version,
    record: version,
    root: version,
  }),
  /** What the device has stored durably, after a list, record or root arrived. */
  z.strictObject({ kind: z.literal('have'), list: version, record: version, root: version }),
  z.strictObject({ kind: z.literal('command-stored'), id: commandIdSchema }),
  z.strictObject({ kind: z.literal('report'), seq: z.int().min(1), item: reportItemSchema }),
  /**
   * Hands in something sealed for the mailboxes of others, to be stored before `posted` says so. `commit`: it moves a conversation on from this
   * epoch (RFC 9420, section 14), and the server applies the rules of `conversationCommitSchema`. `keep`: a recipient that an order denies gets it once it
   * may, whatever that order does with what waits; without it the order's rule decides. Commits and welcomes are kept, since a device that misses one
   * is lost to its conversation. It says no more of a post than the server sees anyway (`content_type`, section 6.3).
   */
  z.strictObject({
    kind: z.literal('post'),
    id: z.uuid(),
    to: z.array(deviceIdSchema).min(1).max(MOST_RECIPIENTS),
    keep: z.boolean(),
    commit: conversationCommitSchema.nullable(),
    /** After this it is not delivered any more; null: as long as the server keeps things. */
    expires: time.nullable(),
    body: sealedBody,
  }),
  /** Asks for the mailbox (`open`), after `welcome` and whenever the device's own gate opens; or asks for no more of it. */
  z.strictObject({ kind: z.literal('mailbox'), open: z.boolean() }),
  /** Everything of the mailbox up to here is stored durably. */
  z.strictObject({ kind: z.literal('taken'), through: z.int().min(1) }),
]);
export type DeviceFrame = z.infer<typeof deviceFrameSchema>;
