/** Steps of a user's device in tests of the agent's mail (`mail-world.ts`). */
import type { MailFolder, MailItem } from '../../agent/mail/mail.ts';
import type { MailDevice } from './mail-world.ts';

export const list = ({ mail }: MailDevice, folder: MailFolder = 'inbox') =>
  mail.list(folder, { before: null, limit: 100 });
export const subjects = (device: MailDevice, folder: MailFolder = 'inbox') =>
  list(device, folder).map((each) => each.subject);

/** Fields of a draft. */
export const FIELDS = { to: 'Zoe <zoe@example.org>', cc: '', bcc: '', subject: 'Figures', text: 'See below.' };

/** Fetches the device's queue. */
export async function fetch({ mail }: MailDevice): Promise<void> {
  mail.newMail();
  await mail.maintain();
}

/** Writes a mail and sends it. Returns its id. */
export async function write({ mail }: MailDevice, fields: Partial<typeof FIELDS> = {}): Promise<string> {
  const id = await mail.createDraft('new', null);
  await mail.saveDraft(id, { ...FIELDS, ...fields });
  await mail.sendDraft(id);
  await mail.maintain();
  return id;
}

export const sent = (device: MailDevice, id: string): MailItem | undefined =>
  list(device, 'sent').find((each) => each.id === id);

/** Notice of the server about an order that suspends mail. */
export const denialOf = (order: string) => ({
  code: 'service_denied' as const,
  detail: `by order ${order}`,
  order,
  reasons: [],
  appeal: 'appeals@example.org',
  by: 'server' as const,
});
