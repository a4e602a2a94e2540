/**
 * What the page on a device and the daemon that serves it say to each other: JSON over HTTP on loopback, below `/api`. Both read this file and
 * nothing else of each other.
 *
 * - `POST /session` (`ticketBody`) → `sessionView`: exchanges a link's ticket, once. `DELETE /session` ends it.
 * - `GET /standing` → `standingView`. `POST /shown` (`shownBody`): these orders were displayed.
 * - `GET /people?text=` → `peopleView`.
 * - `GET /conversations` → `conversationList`. `POST /conversations` (`newConversation`) → `madeView`.
 * - `PATCH /conversations/ID` (`titleBody`), `POST …/people` (`peopleBody`), `POST …/read` (`readBody`), `DELETE /conversations/ID`: leave it.
 * - `GET /conversations/ID/messages?before=` → `messagePage`. `POST` (`newMessage`) → `madeView`.
 * - `POST /uploads?name=&type=` (bytes) → `madeView`: an attachment for the message that names it, kept for some minutes.
 * - `GET /messages/ID/attachments/INDEX` → bytes, never anything that a browser would show.
 * - `GET /search?text=` → `foundView`. `GET /export` → JSON lines.
 * - `GET /events`: server-sent events `changed`, which say that something changed and never what.
 *
 * Everything but `POST /session` and `/events` wants the session's token in `TOKEN_HEADER`, besides its cookie. A refusal is RFC 9457.
 */
import { z } from 'zod';
import { instant } from '../../shared/api/wire.ts';
import { REASONS, SERVICES, WAITING_RULES } from '../../shared/verdict/terms.ts';
import { MESSAGE_STATES } from '../messaging/messaging.ts';

export { holds } from '../messaging/messaging.ts';

export const TOKEN_HEADER = 'x-cordon-page';
/** Bytes of one attachment. */
export const LARGEST_ATTACHMENT = 5 * 1024 * 1024;
export const MOST_ATTACHMENTS = 10;
/** Characters of one message: with what seals them they stay below what a post may hold. */
export const LONGEST_TEXT = 16_000;
export const MOST_PEOPLE = 50;
/** Messages of one answer. */
export const PAGE_OF_MESSAGES = 50;
/** Messages that are said at once to have been shown. */
export const MOST_READ = 1000;

/** Whatever shape the agent gives its ids, no path is made of them. */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no id');
const title = z.string().trim().min(1).max(120).nullable();
const searched = z.string().trim().max(200);

export const ticketBody = z.strictObject({ ticket: z.string().max(128) });
export const sessionView = z.object({ token: z.string() });

const statement = z.record(z.string(), z.string());
const noticeView = z.object({
  order: z.string(),
  revision: z.int(),
  title: z.string(),
  status: z.enum(['active', 'held', 'withdrawn', 'ended']),
  services: z.array(z.enum(SERVICES)),
  areas: z.array(z.string()),
  /** Why it denies something here; empty while it does not. */
  reasons: z.array(z.enum(REASONS)),
  effective: instant,
  until: instant.nullable(),
  statement,
  appeal: z.string(),
  exit: z.object({ exportsUntil: instant, approved: z.boolean(), wiped: instant.nullable() }).nullable(),
});
const denialView = z.object({
  order: z.string(),
  revision: z.int(),
  title: z.string(),
  reasons: z.array(z.enum(REASONS)),
  until: instant.nullable(),
  waiting: z.enum(WAITING_RULES),
  appeal: z.string(),
  statement,
});
/** Where this device stands: who one is, whether one can write, which orders there are. */
export const standingView = z.object({
  /** The device's own time, by which orders begin and end. */
  now: instant,
  state: z.enum(['ready', 'uncertified', 'locked', 'wiped', 'denied']),
  /** Null while it is not known. */
  me: z.object({ person: z.string(), name: z.string() }).nullable(),
  /** The server is reached, so that what is sent goes out at once. */
  connected: z.boolean(),
  /** When the order list expired, if no newer one has come. */
  listExpired: instant.nullable(),
  /** Since when the gate has stood as it does. */
  since: instant,
  /** Empty while messages pass. */
  denials: z.array(denialView),
  /** Every order that is announced or in force, also those that do not reach this device, and what has just ended. */
  notices: z.array(noticeView),
});
export const shownBody = z.strictObject({ orders: z.array(z.string().max(32)).max(1000) });

const personRef = z.object({ person: z.string(), name: z.string() });
/** People with verified devices. E-mail and groups tell people of one name apart. */
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
/** Which were shown. */
export const readBody = z.strictObject({ messages: z.array(id).max(MOST_READ) });
export const foundView = z.object({ messages: z.array(messageView) });
/** `attachments`: what `/uploads` answered. */
export const newMessage = z
  .strictObject({ text: z.string().max(LONGEST_TEXT), attachments: z.array(id).max(MOST_ATTACHMENTS) })
  .refine(({ text, attachments }) => text.trim() !== '' || attachments.length > 0, 'says nothing');
export const uploadQuery = z.object({
  name: z.string().min(1).max(255),
  type: z
    .string()
    .max(120)
    .regex(/^[\w.+-]+\/[\w.+-]+$/, 'is no media type'),
});
export const attachmentParams = z.object({ id, index: z.coerce.number().int().min(0).max(999) });
export const madeView = z.object({ id: z.string() });

export type Standing = z.output<typeof standingView>;
export type Notice = z.output<typeof noticeView>;
export type Denial = z.output<typeof denialView>;
export type FoundPerson = z.output<typeof foundPerson>;
export type Conversation = z.output<typeof conversationView>;
export type Message = z.output<typeof messageView>;
export type MessageState = z.output<typeof messageState>;
