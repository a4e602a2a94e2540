/**
 * API of the device page for mail, below `/api/mail` (see `api.ts` for sessions and errors).
 *
 * - `GET /status` → `mailStatusView`.
 * - `GET /folders/FOLDER?before=` → `mailPage`. `GET /search?text=` → `foundMails`.
 * - `GET /mails/ID` → `mailView`. `GET /mails/ID/files/INDEX` and `GET /mails/ID/source` → bytes, always as a download.
 * - `POST /read` (`mailReadBody`), `POST /remove` (`mailIdsBody`).
 * - `POST /drafts` (`newDraftBody`) → `madeView`. `GET /drafts/ID` → `draftView`. `PATCH /drafts/ID` (`draftFields`): saves the draft.
 *   `POST /drafts/ID/files?name=&type=` (bytes) adds a file, and `DELETE /drafts/ID/files/INDEX` removes it. `POST /drafts/ID/send` sends the
 *   draft: the mail then has the id of the draft.
 * - `GET /programs` → `mailProgramsView`: the service for other mail programs. `POST /programs/on` (`programsPortBody`) →
 *   `newMailPasswordView`: switches it on, also with a new password if it is on already. `POST /programs/off` switches it off.
 *   `GET /programs/dovecot` → bytes: the example of Dovecot's configuration file.
 */
import { z } from 'zod';
import { instant } from '../../shared/api/wire.ts';
import { DRAFT_KINDS, MAIL_FOLDERS, MAIL_STATES } from '../mail/mail.ts';
import { LARGEST_FILES } from '../mail/mail-limits.ts';
import { denialView } from './api.ts';

export { LARGEST_FILES, MAIL_FOLDERS };
export const PAGE_OF_MAILS = 50;
const MOST_CHANGED = 500;
export const LONGEST_MAIL_TEXT = 200_000;
/** Maximum bytes of one uploaded file. */
export const LARGEST_FILE = LARGEST_FILES;

const id = z.uuid();
const person = z.object({ name: z.string(), address: z.string() });

export const mailStatusView = z.object({
  state: z.enum(['ready', 'no-connector', 'no-address', 'uncertified', 'passcode', 'locked', 'wiped', 'denied']),
  address: z.string().nullable(),
  unread: z.int().min(0),
  since: instant,
  denials: z.array(denialView),
  /** True while a policy restricts mail, because the device does not comply with it. */
  restricted: z.boolean(),
});

const denial = z.object({ order: z.string().nullable(), detail: z.string(), appeal: z.string().nullable() });
export const mailItem = z.object({
  id,
  number: z.int(),
  folder: z.enum(MAIL_FOLDERS),
  unread: z.boolean(),
  at: instant,
  from: person.nullable(),
  to: z.array(person),
  subject: z.string(),
  excerpt: z.string(),
  files: z.int(),
  delivery: z
    .object({ state: z.enum(MAIL_STATES), denial: denial.nullable(), detail: z.string().nullable() })
    .nullable(),
  problem: z.string().nullable(),
});
export const mailPage = z.object({ mails: z.array(mailItem) });
export const foundMails = z.object({ mails: z.array(mailItem), isComplete: z.boolean() });
export const mailView = z.object({
  ...mailItem.shape,
  cc: z.array(person),
  bcc: z.array(person),
  text: z.string(),
  html: z.string().nullable(),
  attachments: z.array(
    z.object({ name: z.string(), type: z.string(), size: z.int().min(0), contentId: z.string().nullable() }),
  ),
  isShortened: z.boolean(),
});

export const folderParams = z.object({ folder: z.enum(MAIL_FOLDERS) });
export const beforeNumber = z.object({ before: z.coerce.number().int().min(1).optional() });
export const mailParams = z.object({ id });
export const fileParams = z.object({ id, index: z.coerce.number().int().min(0).max(999) });
export const mailReadBody = z.strictObject({ mails: z.array(id).max(MOST_CHANGED), unread: z.boolean() });
export const mailIdsBody = z.strictObject({ mails: z.array(id).max(MOST_CHANGED) });

export const newDraftBody = z.strictObject({ kind: z.enum(DRAFT_KINDS), of: id.nullable() });
const field = z.string().max(20_000);
export const draftFields = z.strictObject({
  to: field,
  cc: field,
  bcc: field,
  subject: z.string().max(1000),
  text: z.string().max(LONGEST_MAIL_TEXT),
});
export const draftView = z.object({
  id,
  at: instant,
  to: z.string(),
  cc: z.string(),
  bcc: z.string(),
  subject: z.string(),
  text: z.string(),
  files: z.array(z.object({ name: z.string(), type: z.string(), size: z.int().min(0) })),
});

export const mailProgramsView = z.object({
  /** True if the admin allows other mail programs for a group of the device. */
  allowed: z.boolean(),
  on: z.boolean(),
  /** Port on loopback; null while the port is closed. */
  port: z.int().nullable(),
  defaultPort: z.int(),
  user: z.string().nullable(),
  maildir: z.string(),
  problem: z.string().nullable(),
});
export const LARGEST_PORT = 65_535;
export const programsPortBody = z.strictObject({ port: z.int().min(1).max(LARGEST_PORT) });
/** Password in plain text, only in this response. The device stores its hash. */
export const newMailPasswordView = z.object({
  user: z.string(),
  port: z.int(),
  maildir: z.string(),
  password: z.string(),
  passwords: z.string(),
});

export type MailProgramsView = z.output<typeof mailProgramsView>;
export type MailStatus = z.output<typeof mailStatusView>;
export type MailItem = z.output<typeof mailItem>;
export type MailView = z.output<typeof mailView>;
export type MailFolder = MailItem['folder'];
export type DraftFields = z.output<typeof draftFields>;
export type Draft = z.output<typeof draftView>;
