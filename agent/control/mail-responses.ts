import type { Mail, MailItem, MailView } from '../mail/mail.ts';
import type { MailRequest } from './control.ts';
import { attachmentFrom } from './message-responses.ts';

/** Milliseconds that the command line waits until the server has a mail. After that, the device sends the mail in the background. */
const SENT_WITHIN = 20_000;

export async function respondToMail(mail: Mail, request: MailRequest): Promise<readonly MailItem[] | MailView> {
  switch (request.op) {
    case 'mail-list':
      return mail.list(request.folder, { before: null, limit: request.limit });
    case 'mail-read': {
      const view = await mail.open(request.mail);
      if (view.unread) mail.mark([view.id], false);
      return view;
    }
    case 'mail-send':
      return send(mail, request);
  }
}

async function send(mail: Mail, request: Extract<MailRequest, { op: 'mail-send' }>): Promise<MailView> {
  const { to, cc, subject, text } = request;
  const files = await Promise.all(request.files.map(attachmentFrom));
  const id = await mail.createDraft('new', null);
  try {
    await mail.saveDraft(id, { to, cc, bcc: '', subject, text });
    for (const file of files) await mail.attach(id, file);
    await mail.sendDraft(id);
  } catch (error) {
    // The draft is deleted, because the user sees the error and repeats the command, which creates a new draft.
    await mail.remove([id]);
    throw error;
  }
  await untilSent(mail, id);
  return mail.open(id);
}

function untilSent(mail: Mail, id: string): Promise<void> {
  const isWaiting = () =>
    mail.list('sent', { before: null, limit: 100 }).find((each) => each.id === id)?.delivery?.state === 'waiting';
  return new Promise((resolve) => {
    const deadline = setTimeout(end, SENT_WITHIN).unref();
    const cancel = mail.onChange(() => {
      if (!isWaiting()) end();
    });
    function end(): void {
      clearTimeout(deadline);
      cancel();
      resolve();
    }
    if (!isWaiting()) end();
  });
}
