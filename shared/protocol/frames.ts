/**
 * Frames of the protocol `cordon.v1` between agent and server. This file and `report-item.ts` are the protocol's specification. An agent
 * also needs EST, the signed documents, the verdict rules and the HTTPS routes (`device-http.ts`). ARCHITECTURE.md lists their
 * specifications.
 *
 * Transport: a WebSocket over TLS 1.3 with a client certificate, path `/link`, subprotocol `cordon.v1`. The query of the upgrade request
 * contains the device's stored versions (`?list=12`), so that a refusal (HTTP 451) can contain a newer list. Each message is one JSON text
 * frame in UTF-8 without compression; the server refuses binary frames. The certificate identifies the device, so frames contain no device
 * id.
 *
 * Sequence: the device sends `hello`. The server sends `welcome`, then newer approver sets, device record and order list, `address`, and
 * commands.
 *
 * Delivery: at least once in both directions. The server repeats a command until `command-stored` confirms that the device has stored it;
 * the device ignores a repeated id. The device repeats a `report` with its outbox sequence number until `reports-stored` names this number
 * or a later one. The server ignores reports that it has already stored for the same enrollment of the device.
 *
 * Heartbeats are WebSocket pings of the server. All times are Unix milliseconds. `welcome`, `time` and `address` contain the server's
 * clock, which is authenticated time for the device.
 *
 * Refusal: after HTTP 451 or close code 4451, a device polls the same listener over HTTPS:
 * - `GET /device/record` with the stored versions as in `hello` (`?list=7&record=2&approverSet=1`). The response header `Cordon-Address`
 *   contains JSON `{ "time", "areas" }`, the content of an `address` frame.
 * - `GET /orders/list`.
 * - `GET /device/withheld`: the full revisions that the public list replaces with a summary (stub), as a JSON array of envelopes. A
 *   connected device that lacks such a revision also uses this route.
 * - `GET /device/time-correction`: an envelope, or 404.
 * - `POST /device/receipts`.
 *
 * Version history. v1: first version.
 */

import { z } from 'zod';
import { fetchedFileSchema, pushedFileSchema } from '../files/workspace-file.ts';
import { answerSchema, DEADLINE_SECONDS, liveQuerySchema } from '../live-query/live-query.ts';
import { coordinatesSchema, lostModeSchema } from '../lost-mode/lost-mode.ts';
import { envelopeSchema, personId } from '../order/documents.ts';
import { LARGEST_VALUE, MOST_SETTINGS } from '../policy/check-results.ts';
import { countdownSchema } from '../power/power-action.ts';
import { hasNoNul, LARGEST_SCRIPT, LONGEST_ARGUMENT, MOST_ARGUMENTS } from '../scripts/limits.ts';
import {
  changeIdSchema,
  osUpdateSchema,
  softwareChangeSchema,
  softwareRollbackSchema,
} from '../software/software-change.ts';
import { prioritySchema } from './command-kinds.ts';
import { commandWindowSchema } from './command-window.ts';
import { commandIdSchema, deviceIdSchema, lostModeIdSchema, queryIdSchema, scriptIdSchema } from './ids.ts';
import { reportItemSchema } from './report-item.ts';

export const SUBPROTOCOL = 'cordon.v1';
export const LINK_PATH = '/link';
export const ADDRESS_HEADER = 'cordon-address';
/**
 * Response header with which a restored server asks a device for the signed documents that the device stores. Only a device that cannot
 * connect now (HTTP 451) gets this header. `documents`: all signed documents. `facts`: only the device record and the ledger checkpoint.
 */
export const RECALL_HEADER = 'cordon-recall';

/**
 * Maximum sizes of text frames in bytes. An order list of 1,000 orders with approvals has about 3 MB. The server never creates a list that
 * exceeds the limit (`requireRoom`).
 */
export const MAX_FRAME_FROM_DEVICE = 256 * 1024;
export const MAX_FRAME_FROM_SERVER = 8 * 1024 * 1024;
/** Number of unsent bytes at which the server closes the connection of a slow reader. */
export const MAX_UNREAD = 16 * 1024 * 1024;
/** Maximum time between the WebSocket upgrade and the frame `hello`, in milliseconds. */
export const HELLO_WITHIN = 10_000;
export const PING_EVERY = 30_000;

/** WebSocket close codes of the application range (RFC 6455, section 7.4.2). */
export const CLOSE = {
  /** Close code: the frame violated the protocol; the reason contains the error code. */
  malformed: 4400,
  /** Close code: during the connection, the certificate was revoked or the device was unenrolled. */
  revoked: 4403,
  /** Close code: the peer sent no `hello` or no pong in time. */
  timeout: 4408,
  /** Close code: a newer connection of the same device replaced this connection. */
  takenOver: 4409,
  /** Close code: the device read too slowly. */
  slow: 4413,
  /** Close code: the device sent too many frames. */
  flood: 4429,
  /**
   * Close code: an order suspends management for the device. The device has stored the order list, and polls over HTTPS instead of
   * connecting. The number refers to HTTP 451 (RFC 7725).
   */
  denied: 4451,
  /** Close code: the server is stopping. The device reconnects after a random delay. */
  goingAway: 1001,
} as const;

const time = z.int().min(0);
/** True if the server doubts its own clock. The device must not treat the frame's time as authenticated. */
const doubtful = z.literal(true).optional();
const version = z.int().min(0);

export const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('refresh-inventory') }),
  z.strictObject({ kind: z.literal('message'), text: z.string().min(1).max(2000) }),
  z.strictObject({ kind: z.literal('lock-workspace') }),
  /**
   * Unlocks the workspace. `resetPasscode`: the passcode of the workspace ends too, so that the user can set another one. The server sends
   * this field only to a device that has reported a passcode.
   */
  z.strictObject({ kind: z.literal('unlock-workspace'), resetPasscode: z.literal(true).optional() }),
  z.strictObject({ kind: z.literal('wipe-workspace') }),
  z.strictObject({ kind: z.literal('restart-agent') }),
  /** Collects the agent's log. The device sends its log with `PUT /device/logs/COMMAND` (`device-http.ts`) before it reports the result. */
  z.strictObject({ kind: z.literal('collect-logs') }),
  /** The device gets the file by `GET /device/files/COMMAND` (`device-http.ts`), verifies it, and stores it in its workspace. */
  z.strictObject({ kind: z.literal('push-file'), ...pushedFileSchema.shape }),
  /** The device sends a file of the organization's folder with `PUT /device/files/COMMAND`, and tells its user the reason. */
  z.strictObject({ kind: z.literal('fetch-file'), ...fetchedFileSchema.shape }),
  /** The device makes the change once, under the id `change`. `roll-back-software` returns to the versions before the change `of`. */
  z.strictObject({ kind: z.literal('change-software'), ...softwareChangeSchema.shape }),
  z.strictObject({ kind: z.literal('roll-back-software'), ...softwareRollbackSchema.shape }),
  /** Updates the packages of the operating system. The user sees when the update starts, and may delay it. */
  z.strictObject({ kind: z.literal('update-os'), ...osUpdateSchema.shape }),
  /**
   * Installs an own package of the organization. The device gets the file of the signed statement by `GET /device/packages/SHA256`
   * (`device-http.ts`), and verifies it.
   */
  z.strictObject({ kind: z.literal('install-package'), change: changeIdSchema, envelope: envelopeSchema }),
  /** Restart or shutdown of the device. The user sees a countdown of `minutes` minutes, and may delay the command once by the same time. */
  z.strictObject({ kind: z.literal('restart-device'), minutes: countdownSchema }),
  z.strictObject({ kind: z.literal('shut-down-device'), minutes: countdownSchema }),
  z.strictObject({ kind: z.literal('unenroll') }),
  /** Runs a reviewed version of a script. The frame `command` contains the script itself (`signedScriptSchema`). */
  z.strictObject({
    kind: z.literal('run-script'),
    script: scriptIdSchema,
    version: z.int().min(1),
    arguments: z
      .array(z.string().max(LONGEST_ARGUMENT).refine(hasNoNul, 'must not contain NUL'))
      .max(MOST_ARGUMENTS)
      .optional(),
  }),
]);
export type Command = z.infer<typeof commandSchema>;

/**
 * Script of a command `run-script`: the signed statement (`shared/scripts/statement.ts`) and the text. `names`: names of the reviewers by
 * person, for display only, because nobody signed them.
 */
const signedScriptSchema = z.strictObject({
  envelope: envelopeSchema,
  text: z.string().min(1).max(LARGEST_SCRIPT),
  names: z.record(z.string().max(64), z.string().max(200)),
});
export type SignedScript = z.infer<typeof signedScriptSchema>;

/** Display name of the device (`shared/devices/display-name.ts`); empty without one. */
const displayName = z.string().max(120);

/** Server's half of the key of a locked workspace: 32 random bytes, useless without the device's half. */
const unlockShare = z.base64().length(44);
export const MOST_UNLOCK_SHARES = 16;

/**
 * Reason why traffic is blocked. If an order blocks it, the texts are from the order's terms. `not_compliant`: the sending device does not
 * meet a policy, and the policy restricts its services.
 */
export const denialSchema = z.strictObject({
  code: z.enum(['service_denied', 'not_compliant', 'device_unknown', 'too_many_conversations']),
  detail: z.string().max(1000),
  order: z.string().max(32).nullable(),
  reasons: z.array(z.string().max(32)).max(16),
  appeal: z.string().max(4000).nullable(),
  by: z.enum(['server', 'sender', 'recipient']),
});
export type DenialNotice = z.infer<typeof denialSchema>;

/** Maximum size of the encrypted data in one message, in bytes. */
export const LARGEST_SEALED = 128 * 1024;
const sealedBody = z.base64().max(4 * Math.ceil(LARGEST_SEALED / 3));
/** Conversation identifier: 16 random bytes in base64url. The server knows no title or other name of a conversation. */
export const conversationIdSchema = z.base64url().length(22);
export const MOST_RECIPIENTS = 512;

/** Result of a message for one recipient device. `unknown`: the device is not enrolled. */
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
    list: version,
    record: version,
    approverSet: version,
    /** Sequence number of the last report that the server has stored since the device's last enrollment; 0 if none. */
    reports: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('time'), time }),
  /**
   * Areas of the connection's IP address. The server sends the frame again if another IP database assigns other areas to the address. If
   * `areas` is absent, the address is no evidence of a location.
   */
  z.strictObject({ kind: z.literal('address'), time, doubtful, areas: z.array(z.string()).max(16) }),
  /** Approver sets that are newer than the device's newest set, oldest first. */
  z.strictObject({ kind: z.literal('approver-sets'), envelopes: z.array(envelopeSchema).max(256) }),
  /**
   * Order list. `withheld` contains the full revisions that the public list replaces with a summary (stub), because they are withheld from
   * the public. Only devices receive the full revisions.
   */
  z.strictObject({
    kind: z.literal('list'),
    envelope: envelopeSchema,
    withheld: z.array(envelopeSchema).max(5000).optional(),
  }),
  z.strictObject({ kind: z.literal('record'), envelope: envelopeSchema }),
  /**
   * Approvers' statement that the server's time was wrong. Older agents do not know this frame. The server therefore sends it only to an
   * agent whose frame `hello` contained the field `wall` (clock time), which older agents do not send.
   */
  z.strictObject({ kind: z.literal('time-correction'), envelope: envelopeSchema }),
  z.strictObject({
    kind: z.literal('command'),
    id: commandIdSchema,
    command: commandSchema,
    /**
     * Server's halves (shares) of workspace keys. `lock-workspace` has one share, with which the device locks the workspace.
     * `unlock-workspace` has the shares of all lock commands that the device may have executed, newest first. With `resetPasscode`, the
     * shares that the device sent with `POST /device/passcode-share` come first. The device deletes shares after use.
     */
    shares: z.array(unlockShare).max(MOST_UNLOCK_SHARES).optional(),
    /**
     * Reviewed and signed script, only in a command `run-script`. The server sends this kind only to an agent whose frame `hello` contained
     * the field `scripts`.
     */
    signedScript: signedScriptSchema.optional(),
    expires: time,
    /**
     * Priority that an admin chose for the command; absent for the usual priority of its kind. Older agents know neither `priority` nor
     * `window`. The server therefore sends both only to an agent whose frame `hello` contained the field `jobs`.
     */
    priority: prioritySchema.optional(),
    /** The device runs the command only while this window is open by its local time. The command still expires at `expires`. */
    window: commandWindowSchema.optional(),
  }),
  /**
   * Request to cancel a command that the device has stored. A device that has not started the command reports the outcome `canceled`.
   * Otherwise the device ignores the frame, and reports the result as usual. The server sends this frame only to an agent whose frame
   * `hello` contained the field `jobs`.
   */
  z.strictObject({ kind: z.literal('cancel-command'), id: commandIdSchema }),
  z.strictObject({ kind: z.literal('reports-stored'), through: z.int().min(1) }),
  /**
   * Response to the frame `post`, which contains a message. A repeated message gets the same response for a week.
   * - `accepted`: the server has stored the message durably. `recipients` has the result for each recipient.
   * - `superseded`: a different commit has already ended this epoch (version of the conversation's keys). The server stored nothing, and
   *   the device receives that commit through its mailbox.
   * - `blocked`: the commit is not allowed. It is not for the next epoch, its sender is not a member, or `to` lacks a member. The server
   *   stored nothing.
   * - `refused`: the server stored nothing, for the reason in `denial`. The server may accept a later attempt.
   */
  z.strictObject({
    kind: z.literal('posted'),
    id: z.uuid(),
    outcome: z.enum(['accepted', 'superseded', 'blocked', 'refused']),
    denial: denialSchema.nullable(),
    recipients: z.array(recipientOutcome).max(MOST_RECIPIENTS),
  }),
  /**
   * Response to the frame `mailbox`, with two counters since the device's last enrollment. `acknowledged`: number of the last mailbox entry
   * that the device acknowledged. `posts`: number of messages that the server accepted. If the device's own counters are lower, the device
   * was restored from an old copy.
   */
  z.strictObject({ kind: z.literal('mailbox-is'), acknowledged: z.int().min(0), posts: z.int().min(0) }),
  /**
   * Entry of the mailbox. The server repeats the entry until a `entries-stored` frame names its number or a later one. `seq` is the number of the
   * entry; numbers increase, possibly with gaps.
   */
  z.strictObject({
    kind: z.literal('mailbox-entry'),
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
      /** New state of a message that the device sent earlier, for one recipient. `order`: number of the order that caused the state. */
      z.strictObject({
        type: z.literal('delivery-report'),
        id: z.uuid(),
        device: deviceIdSchema,
        status: z.enum(['held', 'released', 'returned', 'expired']),
        order: z.string().max(32).nullable(),
        at: time,
      }),
    ]),
  }),
  /**
   * Number of the device's single-use key packages (RFC 9420) that remain on the server. The server sends this number when the device opens
   * its mailbox, and when few key packages remain.
   */
  z.strictObject({ kind: z.literal('key-packages-remaining'), count: z.int().min(0) }),
  /** Notice that the devices of a person have changed, only for people about whom the device has asked in the same session. */
  z.strictObject({ kind: z.literal('members-changed'), person: personId }),
  /**
   * Request of a server that was restored from a backup: the device sends its signed documents (`POST /device/recollection`). If
   * `documents` is true, the device sends all of them, because some are newer than the server's. Otherwise the device sends only its device
   * record and the ledger checkpoint.
   */
  z.strictObject({ kind: z.literal('recall'), documents: z.boolean() }),
  /**
   * Hint that the device's mail queue has a new item (`GET /device/mail/queue`, `mail-http.ts`). The server sends it only to an agent whose
   * frame `hello` contained the field `mail`.
   */
  z.strictObject({ kind: z.literal('new-mail') }),
  /**
   * Sections of the inventory that the organization has switched off (`shared/inventory/sections.ts`). An agent reports no inventory before
   * it has received this frame. The server sends it, and `inventory-wanted`, only to an agent whose frame `hello` contained the field
   * `inventory`: after `welcome`, and after a change. `off` may name sections that the agent does not know.
   */
  z.strictObject({ kind: z.literal('inventory-sections'), off: z.array(z.string().max(32)).max(64) }),
  /** Request for the complete inventory, because the server does not have the base of a report (`shared/inventory/report.ts`). */
  z.strictObject({ kind: z.literal('inventory-wanted') }),
  /**
   * Live query of an admin. The device answers with one frame `answer` within `seconds`; the server ignores later answers. The server sends
   * this frame only to an agent whose frame `hello` contained the field `queries`, and never repeats it.
   */
  z.strictObject({
    kind: z.literal('query'),
    id: queryIdSchema,
    query: liveQuerySchema,
    seconds: z.int().min(DEADLINE_SECONDS.shortest).max(DEADLINE_SECONDS.longest),
  }),
  /**
   * Effective policy of the device: settings (`shared/policy/catalog.ts`) with their values as JSON. `digest` identifies the values; it is empty if no
   * setting applies. The server sends it, and `compliance`, only to an agent whose frame `hello` contained the field `policy`, and only if
   * the digests differ. The agent reports a setting or value that it does not know as not supported. `share`: share of the server with which
   * the device locks its workspace at the offline limit. A device with an offline limit gets the frame at each connection.
   */
  z.strictObject({
    kind: z.literal('policy'),
    digest: z.string().max(64),
    settings: z
      .array(z.strictObject({ setting: z.string().max(64), value: z.string().max(LARGEST_VALUE) }))
      .max(MOST_SETTINGS),
    share: unlockShare.optional(),
  }),
  /** Compliance of the device with its policy, and the times of the actions that follow, for the user. */
  z.strictObject({
    kind: z.literal('compliance'),
    state: z.string().max(32),
    failing: z.array(z.string().max(64)).max(MOST_SETTINGS),
    countdown: z.array(z.strictObject({ action: z.string().max(32), at: time })).max(16),
    /**
     * Actions of the policy that are in effect because the device does not comply. While `restrict-services` is one of them, the device
     * uses neither messaging nor mail.
     */
    taken: z.array(z.strictObject({ action: z.string().max(32), at: time })).max(16),
  }),
  /**
   * Lost mode; null if it is off. The server sends it after `welcome` and after a change, only to an agent whose `hello` contained `lostMode`.
   * The device displays it, and sends frames `position` until it ends. A device that knows that it has ended reports `lost-mode-ended`.
   */
  z.strictObject({ kind: z.literal('lost-mode'), mode: lostModeSchema.nullable() }),
  /** Display name that an admin has given the device. The server sends it only to an agent whose frame `hello` contained the field `name`. */
  z.strictObject({ kind: z.literal('device-name'), name: displayName }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;

/**
 * Data about a commit that moves a conversation to its next epoch (version of its keys). The server accepts one commit for each epoch, in
 * order and only from a member. All other members must be recipients. The commit for epoch 0 registers the conversation, with the sender as
 * first member. `remove` applies before `add`. A sole member sends these data with the welcome message, because its commit has no
 * recipients.
 */
const conversationCommitSchema = z.strictObject({
  conversation: conversationIdSchema,
  epoch: z.int().min(0),
  add: z
    .array(z.strictObject({ device: deviceIdSchema, generation: z.int().min(1) }))
    .max(MOST_RECIPIENTS)
    .default([]),
  remove: z.array(deviceIdSchema).max(MOST_RECIPIENTS).default([]),
});

export const deviceFrameSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hello'),
    agent: z.string().max(64),
    /** Time of the device's machine clock. If many devices disagree with the server's clock, the server's clock is probably wrong. */
    wall: time.optional(),
    /** True if the agent can receive mail (`mail-http.ts`). */
    mail: z.literal(true).optional(),
    /** True if the agent reports changes of its inventory. */
    inventory: z.literal(true).optional(),
    /** True if the agent knows the fields `priority` and `window` of commands, and the frame `cancel-command`. */
    jobs: z.literal(true).optional(),
    /** True if the agent knows the command `collect-logs`. The server sends it to no other agent. */
    logs: z.literal(true).optional(),
    /** True if the agent answers live queries (frame `query`). */
    queries: z.literal(true).optional(),
    /** True if the agent knows the command `run-script`. */
    scripts: z.literal(true).optional(),
    /** True if the agent knows the commands that change software. The server sends them to no other agent. */
    software: z.literal(true).optional(),
    /** True if the agent knows the commands `restart-device` and `shut-down-device`. The server sends them to no other agent. */
    power: z.literal(true).optional(),
    /** True if the agent knows the commands `push-file` and `fetch-file`. The server sends them to no other agent. */
    files: z.literal(true).optional(),
    /** Digest of the policy that the device has stored; empty if it has none. */
    policy: z.string().max(64).optional(),
    /** Id of the lost mode that the device has stored; empty if lost mode is off. */
    lostMode: z.union([lostModeIdSchema, z.literal('')]).optional(),
    /** Display name that the device has stored. */
    name: displayName.optional(),
    list: version,
    record: version,
    approverSet: version,
  }),
  /** Versions that the device has stored, sent after each new order list, device record or approver set. */
  z.strictObject({ kind: z.literal('have'), list: version, record: version, approverSet: version }),
  z.strictObject({ kind: z.literal('command-stored'), id: commandIdSchema }),
  z.strictObject({ kind: z.literal('report'), seq: z.int().min(1), item: reportItemSchema }),
  /** Answer to a live query. The device sends it only once. */
  z.strictObject({ kind: z.literal('answer'), id: queryIdSchema, answer: answerSchema }),
  /**
   * Present position of a device in lost mode; null if no sensor knows it. The device sends it when lost mode begins and then every five
   * minutes (`POSITION_EVERY`). It neither stores nor repeats it. No other frame contains coordinates.
   */
  z.strictObject({ kind: z.literal('position'), mode: lostModeIdSchema, position: coordinatesSchema.nullable() }),
  /**
   * Encrypted message for the mailboxes of other devices. The response `posted` confirms that the server has stored it. `commit`: the
   * message ends its epoch (version of the conversation's keys, RFC 9420, section 14), and the rules of `conversationCommitSchema` apply.
   * `keep`: a recipient whose messaging is suspended receives the message after the order, whatever the order's rule for waiting messages
   * says. Commits and welcome messages need `keep`, because a device that misses one loses its conversation. `keep` reveals nothing new,
   * because the server also sees `content_type` (RFC 9420, section 6.3).
   */
  z.strictObject({
    kind: z.literal('post'),
    id: z.uuid(),
    to: z.array(deviceIdSchema).min(1).max(MOST_RECIPIENTS),
    keep: z.boolean(),
    commit: conversationCommitSchema.nullable(),
    /** Time after which the server does not deliver the message; null for the server's retention time. */
    expires: time.nullable(),
    body: sealedBody,
  }),
  /**
   * Request to start (`open`) or stop the delivery of mailbox entries. The device sends it after the server's frame `welcome`, and when
   * messaging becomes suspended or available on the device.
   */
  z.strictObject({ kind: z.literal('mailbox'), open: z.boolean() }),
  /** Number of the newest mailbox entry up to which the device has stored all entries durably. */
  z.strictObject({ kind: z.literal('entries-stored'), through: z.int().min(1) }),
]);
export type DeviceFrame = z.infer<typeof deviceFrameSchema>;
