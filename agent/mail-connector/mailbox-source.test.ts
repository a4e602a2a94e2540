import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DovecotMailbox,
  dovecotTool,
  MAILBOX_PASSWORD,
  MAILBOX_USER,
  startDovecotMailbox,
} from '../../tests/support/dovecot-mailbox.ts';
import { MailIntake } from '../../tests/support/mail-intake.ts';
import { createMailboxReader, envelopeIn, type MailboxReader } from './mailbox-source.ts';

const message = (header: string) => Buffer.from(`${header}Subject: x\r\n\r\nDelivered-To: text@corp.example\r\n`);

describe('the envelope of a message in a mailbox', () => {
  it.each([
    ['a fixed recipient', '', 'Amina@corp.example', { from: null, to: 'amina@corp.example' }],
    [
      'header fields',
      'Return-Path: <Otto@outside.example>\r\nDelivered-To: amina@corp.example\r\n',
      'Delivered-To',
      { from: 'otto@outside.example', to: 'amina@corp.example' },
    ],
    [
      'the null sender',
      'Return-Path: <>\r\nX-Original-To: <amina@corp.example>\r\n',
      'X-Original-To',
      { from: null, to: 'amina@corp.example' },
    ],
    [
      'no recipient',
      'Return-Path: <otto@outside.example>\r\n',
      'Delivered-To',
      { from: 'otto@outside.example', to: null },
    ],
    [
      'the first of several recipients, which the last server wrote',
      'Delivered-To: amina@corp.example\r\nDelivered-To: list@outside.example\r\n',
      'Delivered-To',
      { from: null, to: 'amina@corp.example' },
    ],
  ])('comes from %s', (_what, header, recipient, expected) => {
    expect(envelopeIn(message(header), recipient)).toEqual(expected);
  });
});

describe.skipIf(!dovecotTool.present)('a mailbox of a real Dovecot', () => {
  let dovecot: DovecotMailbox;
  let intake: MailIntake;
  let reader: MailboxReader;
  let mayRead: boolean;

  const open = (done: string | null = null) => {
    reader = createMailboxReader({
      source: {
        host: '127.0.0.1',
        port: dovecot.port,
        tls: 'optional',
        login: { user: MAILBOX_USER, password: MAILBOX_PASSWORD },
        folder: 'INBOX',
        done,
        recipient: 'Delivered-To',
      },
      queue: intake.queue,
      recipients: intake.recipients,
      mayRead: () => mayRead,
      largest: 100_000,
      retryAfter: 100,
      onQueued: () => undefined,
      onFailure: (what, error) => intake.failures.push(`${what}: ${String(error)}`),
    });
    reader.wake();
  };
  const letter = (to: string, subject: string) =>
    `Return-Path: <otto@outside.example>\nDelivered-To: ${to}\nSubject: ${subject}\n\ntext\n`;
  const queued = () => intake.queue.due('inbound', 100);

  beforeEach(async () => {
    dovecot = await startDovecotMailbox();
    intake = await MailIntake.start();
    intake.person('amina@corp.example');
    mayRead = true;
  });
  afterEach(async () => {
    await reader.stop();
    await intake.close();
    await dovecot.remove();
  });

  it('is read at once, also after IDLE, each message once and marked as seen', async () => {
    dovecot.deliver(letter('amina@corp.example', 'one'));
    open();
    await expect.poll(() => queued().length).toBe(1);
    dovecot.deliver(letter('amina@corp.example', 'two'));
    await expect.poll(() => queued().length).toBe(2);
    await expect.poll(() => dovecot.count(null)).toEqual({ all: 2, seen: 2 });
    const { envelope } = intake.queue.mail(queued()[0]?.mail ?? '') ?? {};
    expect(envelope).toMatchObject({ from: 'otto@outside.example', to: [{ address: 'amina@corp.example' }] });
    // After a kill before the mark, the message is still unseen. The queue recognizes it.
    await reader.stop();
    dovecot.unsee();
    open();
    await expect.poll(() => dovecot.count(null)).toEqual({ all: 2, seen: 2 });
    expect(queued()).toHaveLength(2);
  });

  it('keeps messages that nobody here receives, that are too large, or while an order suspends mail', async () => {
    mayRead = false;
    dovecot.deliver(letter('amina@corp.example', 'later'));
    dovecot.deliver(letter('nobody@corp.example', 'unknown'));
    dovecot.deliver(`${letter('amina@corp.example', 'large')}${'x'.repeat(70)}\n`.padEnd(120_000, 'abc defgh\n'));
    open();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(queued()).toHaveLength(0);
    mayRead = true;
    reader.wake();
    await expect.poll(() => dovecot.count(null)).toEqual({ all: 3, seen: 1 });
    expect(queued()).toHaveLength(1);
    await expect.poll(() => intake.failures.join()).toMatch(/recipient is unknown[\s\S]*too large/);
  });

  it('is read behind many messages that stay in it, and looks at each of them once a day', async () => {
    for (let count = 0; count < 201; count += 1) dovecot.deliver(letter('nobody@corp.example', `spam ${count}`));
    dovecot.deliver(letter('amina@corp.example', 'one'));
    open();
    await expect.poll(() => queued().length, { timeout: 20_000 }).toBe(1);
    await expect.poll(() => intake.failures.length, { timeout: 20_000 }).toBe(201);
    await reader.stop();
    dovecot.deliver(letter('amina@corp.example', 'two'));
    open();
    await expect.poll(() => queued().length, { timeout: 20_000 }).toBe(2);
    expect(intake.failures).toHaveLength(201);
  });

  it('moves messages to a folder, and connects again after an outage', async () => {
    open('Passed');
    dovecot.createFolder('Passed');
    dovecot.deliver(letter('amina@corp.example', 'one'));
    await expect.poll(() => dovecot.count('Passed').all).toBe(1);
    await dovecot.stop();
    await dovecot.start();
    dovecot.deliver(letter('amina@corp.example', 'two'));
    await expect.poll(() => dovecot.count('Passed').all).toBe(2);
    await expect.poll(() => dovecot.count(null).all).toBe(0);
    expect(queued()).toHaveLength(2);
  });
});
