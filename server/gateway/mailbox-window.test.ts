import { expect, it } from 'vitest';
import { MailboxWindow } from './mailbox-window.ts';

it('accepts an entry from memory only directly after the last entry of the mailbox', () => {
  const mail = new MailboxWindow();
  expect(mail.isNext(1)).toBe(false);
  mail.open();
  expect(mail.isNext(1)).toBe(false);
  mail.sent({ seq: 4, bytes: 10 });
  mail.endsAt(4);
  expect([mail.isNext(4), mail.isNext(5), mail.isNext(6)]).toEqual([false, true, false]);
  mail.close();
  expect(mail.isNext(5)).toBe(false);
});

it('is full after its limit of entries or bytes, and has room after acknowledgments', () => {
  const mail = new MailboxWindow();
  mail.open();
  for (let seq = 1; seq <= 64; seq += 1) mail.sent({ seq, bytes: 1 });
  expect(mail.room()).toBeNull();
  expect(mail.confirm(10)).toEqual({ through: 10, more: true });
  expect(mail.room()).toEqual({ after: 64, entries: 10, bytes: 1024 * 1024 - 54 });
  mail.sent({ seq: 65, bytes: 1024 * 1024 });
  expect(mail.room()).toBeNull();
});

it('confirms nothing that was never sent, and still confirms mail of an earlier opening', () => {
  const mail = new MailboxWindow();
  expect(mail.confirm(9).through).toBe(0);
  mail.open();
  mail.sent({ seq: 3, bytes: 1 });
  expect(mail.confirm(9).through).toBe(3);
  mail.open();
  expect(mail.room()).toMatchObject({ after: 0 });
  expect(mail.confirm(2).through).toBe(2);
});
