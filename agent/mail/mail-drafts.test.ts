/** Drafts that answer or forward a mail. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIELDS, fetch, list } from '../../tests/support/mail-steps.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

describe('an answer', () => {
  const MAIL = letter('Plan', 'First line\r\nSecond', [
    'To: ada@corp.example, Ben <ben@corp.example>',
    'Cc: cyd@corp.example',
    'Message-ID: <m1@example.org>',
    'References: <m0@example.org>',
  ]);

  async function answer(kind: 'reply' | 'reply-all' | 'forward') {
    await connector.deliver('Ada', MAIL);
    await fetch(ada);
    const id = await ada.mail.createDraft(kind, list(ada)[0]?.id ?? '');
    return { id, draft: ada.mail.draft(id) };
  }

  it('to the sender continues the thread and quotes the text', async () => {
    const { id, draft } = await answer('reply');
    expect(draft).toMatchObject({ to: 'Eve <eve@example.org>', cc: '', subject: 'Re: Plan' });
    expect(draft.text).toContain('> First line\n> Second\n');
    await ada.mail.sendDraft(id);
    await ada.mail.maintain();
    const text = Buffer.from((await connector.receive())[0]?.message ?? []).toString();
    expect(text).toContain('In-Reply-To: <m1@example.org>');
    expect(text).toMatch(/References: <m0@example\.org>\s+<m1@example\.org>/);
  });

  it('to all leaves out the own address', async () => {
    const { draft } = await answer('reply-all');
    expect([draft.to, draft.cc]).toEqual(['Eve <eve@example.org>', 'Ben <ben@corp.example>, cyd@corp.example']);
  });

  it('that forwards a mail takes its files along', async () => {
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.saveDraft(id, FIELDS);
    await ada.mail.attach(id, { name: 'a.txt', type: 'text/plain', bytes: Buffer.from('attached') });
    await ada.mail.sendDraft(id);
    const forwarded = await ada.mail.createDraft('forward', id);
    expect(ada.mail.draft(forwarded)).toMatchObject({
      subject: 'Fwd: Figures',
      to: '',
      files: [{ name: 'a.txt', size: 8 }],
    });
  });
});
