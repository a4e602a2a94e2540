/**
 * API between the device page and the daemon that serves it: JSON over HTTP on loopback, below `/api`.
 *
 * - `POST /session` (`ticketBody`) → `sessionView`: exchanges the ticket of a link, which works once. `DELETE /session` ends the session.
 *   `POST /session/use`: the user used the page. A policy may end a session without input (`page.idle-minutes`).
 * - `GET /messaging-status` → `messagingStatusView`. `POST /shown` (`shownBody`): the page reports that it displayed these orders.
 * - `GET /admin-messages` → `adminMessageList`. `POST /admin-messages/displayed` (`displayedBody`): the page reports that it displayed
 *   these messages.
 * - `GET /privacy` → `collectionView`: sections of the inventory, and scripts that ran. `POST /privacy/displayed`: the page reports that
 *   it displayed them.
 * - `GET /update` → `updateView`: update of the operating system that waits for the user. `POST /update` (`updateBody`) → `updateOfferView`:
 *   starts or delays it.
 * - `GET /power` → `powerView`: restart or shutdown whose countdown runs. `POST /power` (`updateBody`) → `powerNoticeView`: starts or
 *   delays it.
 * - `GET /lost-mode` → `lostModeView`: lost mode that is on. `POST /lost-mode/end`: ends it.
 * - `GET /policy` → `policyStatusView`: settings that the device does not meet, and the actions of their policy.
 * - `GET /people?text=` → `peopleView`.
 * - `GET /conversations` → `conversationList`. `POST /conversations` (`newConversation`) → `madeView`.
 * - `PATCH /conversations/ID` (`titleBody`), `POST …/people` (`peopleBody`), `POST …/read` (`readBody`), `DELETE /conversations/ID`
 *   (leave).
 * - `GET /conversations/ID/messages?before=` → `messagePage`. `POST /conversations/ID/messages` (`newMessage`) → `madeView`.
 * - `POST /uploads?name=&type=` (bytes) → `madeView`: stores an attachment for a later message for some minutes.
 * - `GET /messages/ID/attachments/INDEX` → bytes, always as a download.
 * - `GET /search?text=` → `foundView`. `GET /export` → JSON lines.
 * - `GET /files` → `filesView`: files of the organization's folder, and files that the organization fetched. `POST /files?name=` (bytes) adds one,
 *   `GET /files/content?name=` → bytes, always as a download. `POST /files/remove` (`fileBody`).
 * - `GET /passcode` → `passcodeView`: passcode of the workspace. `POST /passcode/set`, `/passcode/enter`, `/passcode/remove` (`passcodeBody`),
 *   `/passcode/change` (`passcodeChangeBody`) and `/passcode/lock` → `passcodeView`.
 * - `/mail/…`: mail (`mail-api.ts`).
 * - `GET /events`: server-sent events `changed`, without any content.
 *
 * Every request carries the session cookie, except `POST /session`. All paths except `POST /session` and `/events` also need the session
 * token in the header `TOKEN_HEADER`. Errors follow RFC 9457.
 */
import { z } from 'zod';
import { instant } from '../../shared/api/wire.ts';
import { fileNameSchema } from '../../shared/files/workspace-file.ts';
import { MISSING_REASONS, SECTIONS } from '../../shared/inventory/sections.ts';
import { lostModeSchema } from '../../shared/lost-mode/lost-mode.ts';
import { passcodeSettingSchema } from '../../shared/policy/passcode-setting.ts';
import { POWER_KINDS } from '../../shared/power/power-action.ts';
import { commandIdSchema } from '../../shared/protocol/ids.ts';
import { UPDATE_SCOPES } from '../../shared/software/software-change.ts';
import { REASONS, SERVICES, WAITING_RULES } from '../../shared/verdict/terms.ts';
import { MESSAGE_STATES } from '../messaging/messaging.ts';

export { holds } from '../messaging/messaging.ts';

export const TOKEN_HEADER = 'x-cordon-page';
export const LARGEST_ATTACHMENT = 5 * 1024 * 1024;
export const MOST_ATTACHMENTS = 10;
/** Maximum number of characters in a message, so that a sealed message stays below the server's size limit. */
export const LONGEST_TEXT = 16_000;
export const MOST_PEOPLE = 50;
export const PAGE_OF_MESSAGES = 50;
const MOST_ADMIN_MESSAGES = 100;
export const MOST_READ = 1000;

/**
 * Identifier in a request of the device page (the agent's web page), for example of a conversation. The agent never builds a file path from
 * such an identifier, because an attacker could choose it.
 */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is not a valid identifier');
const title = z.string().trim().min(1).max(120).nullable();
const searched = z.string().trim().max(200);

export const ticketBody = z.strictObject({ ticket: z.string().max(128) });
export const sessionView = z.object({ token: z.string() });

const statement = z.record(z.string(), z.string());
const authoritative = z.string().nullable();
const noticeView = z.object({
  order: z.string(),
  revision: z.int(),
  title: z.string(),
  status: z.enum(['active', 'paused', 'withdrawn', 'ended']),
  services: z.array(z.enum(SERVICES)),
  areas: z.array(z.string()),
  reasons: z.array(z.enum(REASONS)),
  effective: instant,
  until: instant.nullable(),
  statement,
  authoritative,
  appeal: z.string(),
  exit: z.object({ exportsUntil: instant, approved: z.boolean(), wiped: instant.nullable() }).nullable(),
});
export const denialView = z.object({
  order: z.string(),
  revision: z.int(),
  title: z.string(),
  reasons: z.array(z.enum(REASONS)),
  until: instant.nullable(),
  waiting: z.enum(WAITING_RULES),
  appeal: z.string(),
  statement,
  authoritative,
});
export const messagingStatusView = z.object({
  /** Time of the device clock (`enforcement/device-clock.ts`), which decides when orders start and end. */
  now: instant,
  state: z.enum(['ready', 'uncertified', 'passcode', 'locked', 'wiped', 'denied']),
  me: z.object({ person: z.string(), name: z.string() }).nullable(),
  /** Name that an admin gave this device; null without one. */
  displayName: z.string().nullable(),
  /** True while the device is connected to the server, so that messages leave at once. */
  connected: z.boolean(),
  /** True if the server was restored from a backup that lacks this device, so that an admin must readmit the device. */
  unrestored: z.boolean(),
  listExpired: instant.nullable(),
  since: instant,
  denials: z.array(denialView),
  /** True while a policy restricts messaging, because the device does not comply with it. */
  restricted: z.boolean(),
  notices: z.array(noticeView),
});
export const policyStatusView = z.object({
  failing: z.array(z.object({ setting: z.string(), title: z.string(), detail: z.string() })),
  /** Start of the restriction of messaging and mail; null without one. */
  restrictedSince: instant.nullable(),
  countdown: z.array(z.object({ action: z.string(), at: instant })),
});
export const shownBody = z.strictObject({ orders: z.array(z.string().max(32)).max(1000) });

const adminMessageView = z.object({
  id: commandIdSchema,
  text: z.string(),
  at: instant,
  displayed: z.boolean(),
});
export const adminMessageList = z.object({ messages: z.array(adminMessageView) });
export const displayedBody = z.strictObject({ messages: z.array(commandIdSchema).max(MOST_ADMIN_MESSAGES) });

export const updateOfferView = z.object({
  scope: z.enum(UPDATE_SCOPES),
  startsAt: z.int(),
  deadline: z.int(),
  hours: z.int(),
  delaysLeft: z.int(),
});
export const updateView = z.object({ offer: updateOfferView.nullable() });
export const updateBody = z.strictObject({ change: z.enum(['now', 'delay']) });

export const powerNoticeView = z.object({
  kind: z.enum(POWER_KINDS),
  minutes: z.int(),
  startsAt: z.int(),
  delayed: z.boolean(),
});
export const powerView = z.object({ notice: powerNoticeView.nullable() });

export const lostModeView = z.object({ mode: lostModeSchema.nullable() });

export const collectionView = z.object({
  sections: z.array(
    z.object({
      section: z.enum(SECTIONS),
      title: z.string(),
      meaning: z.string(),
      state: z.enum(['reported', 'waiting', 'answers', ...MISSING_REASONS]),
      widenedAt: instant.nullable(),
      values: z.string().nullable(),
    }),
  ),
  changedAt: instant.nullable(),
  /** Scripts of the organization that ran on this device, newest first. */
  scripts: z.object({
    setting: z.enum(['on', 'off', 'unconfined']),
    scripts: z.array(
      z.object({
        id: commandIdSchema,
        name: z.string(),
        version: z.int(),
        purpose: z.string(),
        reviewers: z.array(z.string()),
        startedAt: instant,
        outcome: z.enum(['running', 'done', 'failed', 'interrupted']),
      }),
    ),
  }),
});

const workspaceState = z.enum(['open', 'passcode', 'locked', 'wiped']);

/** `required`: setting of the policy; null without one. `remaining`: attempts before only an admin can help. */
export const passcodeView = z.object({
  workspace: workspaceState,
  isSet: z.boolean(),
  required: passcodeSettingSchema.nullable(),
  isLongEnough: z.boolean(),
  remaining: z.int().min(0),
});
const passcodeText = z.string().min(1).max(1024);
export const passcodeBody = z.strictObject({ passcode: passcodeText });
export const passcodeChangeBody = z.strictObject({ current: passcodeText, next: passcodeText });

export const fileQuery = z.object({ name: fileNameSchema });
export const fileBody = z.strictObject({ name: fileNameSchema });
export const filesView = z.object({
  state: workspaceState,
  /** Empty while the workspace is not open. */
  files: z.array(z.object({ name: z.string(), size: z.int() })),
  /** Files that the organization fetched from this device, newest first. */
  fetched: z.array(z.object({ command: commandIdSchema, name: z.string(), reason: z.string(), at: instant })),
});

const personRef = z.object({ person: z.string(), name: z.string() });
/** Person with verified devices. The e-mail address and groups distinguish people of the same name. */
const foundPerson = z.object({ ...personRef.shape, email: z.string().nullable(), groups: z.array(z.string()) });
export const textQuery = z.object({ text: searched });
export const peopleView = z.object({ people: z.array(foundPerson) });

const personView = z.object({ ...personRef.shape, verified: z.boolean() });

export const conversationView = z.object({
  id: z.string(),
  title: z.string().nullable(),
  people: z.array(personView),
  unread: z.int().min(0),
  last: z.object({ at: instant, from: z.string(), text: z.string() }).nullable(),
  state: z.enum(['ready', 'rejoining', 'left']),
});
export const conversationList = z.object({ conversations: z.array(conversationView) });
export const conversationParams = z.object({ id });
const people = z.array(id).min(1).max(MOST_PEOPLE);
export const newConversation = z.strictObject({ people, title });
export const titleBody = z.strictObject({ title });
export const peopleBody = z.strictObject({ people });

const messageState = z.enum(MESSAGE_STATES);
const refusal = z.object({ code: z.string(), detail: z.string() }).nullable();
export const messageView = z.object({
  id: z.string(),
  conversation: z.string(),
  from: z.object({ person: z.string(), name: z.string() }).nullable(),
  mine: z.boolean(),
  at: instant,
  text: z.string(),
  attachments: z.array(z.object({ name: z.string(), type: z.string(), size: z.int().min(0) })),
  state: messageState,
  order: z.string().nullable(),
  refusal,
  missed: z.array(z.object({ name: z.string(), state: messageState, order: z.string().nullable(), refusal })),
});
export const beforeQuery = z.object({ before: id.optional() });
export const messagePage = z.object({ messages: z.array(messageView) });
export const readBody = z.strictObject({ messages: z.array(id).max(MOST_READ) });
export const foundView = z.object({ messages: z.array(messageView) });
/** Message that the user sends. `attachments`: identifiers from `/uploads`. */
export const newMessage = z
  .strictObject({ text: z.string().max(LONGEST_TEXT), attachments: z.array(id).max(MOST_ATTACHMENTS) })
  .refine(({ text, attachments }) => text.trim() !== '' || attachments.length > 0, 'is empty');
export const uploadQuery = z.object({
  name: z.string().min(1).max(255),
  type: z
    .string()
    .max(120)
    .regex(/^[\w.+-]+\/[\w.+-]+$/, 'is not a media type'),
});
export const attachmentParams = z.object({ id, index: z.coerce.number().int().min(0).max(999) });
export const madeView = z.object({ id: z.string() });

export type PasscodeView = z.output<typeof passcodeView>;
export type Collection = z.output<typeof collectionView>;
export type AdminMessage = z.output<typeof adminMessageView>;
export type MessagingStatus = z.output<typeof messagingStatusView>;
export type Notice = z.output<typeof noticeView>;
export type Denial = z.output<typeof denialView>;
export type FoundPerson = z.output<typeof foundPerson>;
export type Conversation = z.output<typeof conversationView>;
export type Message = z.output<typeof messageView>;
export type MessageState = z.output<typeof messageState>;
