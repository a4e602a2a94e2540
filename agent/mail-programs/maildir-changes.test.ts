import { describe, expect, it } from 'vitest';
import {
  baseName,
  type MirroredMail,
  type MirrorFile,
  mirrorChanges,
  nameWithFlags,
  readName,
  withUnread,
} from './maildir-changes.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const mail = (unread: boolean, more: Partial<MirroredMail> = {}): MirroredMail => ({
  id: ID,
  folder: 'inbox',
  at: 1_700_000_000_000,
  unread,
  ...more,
});
const file = (flags: string, more: Partial<MirrorFile> = {}): MirrorFile => ({
  id: ID,
  folder: 'inbox',
  place: 'cur',
  name: nameWithFlags(baseName(mail(true)), flags),
  flags,
  ...more,
});
const none = { delivered: new Set<string>(), agreed: new Map<string, boolean>() };
const agreedOn = (unread: boolean) => ({ delivered: new Set([ID]), agreed: new Map([[ID, unread]]) });

describe('names of mirrored mails', () => {
  it.each([
    [`1700000000.${ID}.cordon`, { id: ID, flags: '' }],
    [`1700000000.${ID}.cordon:2,FS`, { id: ID, flags: 'FS' }],
    [`1700000000.${ID}.cordon,S=42,W=43:2,S`, { id: ID, flags: 'S' }],
    ['1700000000.M1P2.host:2,S', null],
    [`1700000000.${ID}.cordon.bak`, null],
  ])('reads %s', (name, expected) => expect(readName(name)).toEqual(expected));

  it('keeps the other flags', () => {
    expect([withUnread('FRS', true), withUnread('FR', false), withUnread('', false)]).toEqual(['FR', 'FRS', 'S']);
  });
});

describe('changes between mirror and mail', () => {
  it.each([
    ['a new mail is delivered', [mail(true)], [], none, [{ kind: 'deliver', mail: mail(true) }]],
    ['a mail that another program deleted stays deleted', [mail(true)], [], agreedOn(true), []],
    ['a mail that Cordon deleted is removed', [], [file('')], agreedOn(true), [{ kind: 'remove', file: file('') }]],
    ['equal sides stay', [mail(false)], [file('S')], agreedOn(false), []],
    ['read by another program', [mail(true)], [file('S')], agreedOn(true), [{ kind: 'mark', id: ID, unread: false }]],
    ['unread by another program', [mail(false)], [file('')], agreedOn(false), [{ kind: 'mark', id: ID, unread: true }]],
    ['read in Cordon', [mail(false)], [file('')], agreedOn(true), [{ kind: 'flag', file: file(''), unread: false }]],
    ['unread in Cordon', [mail(true)], [file('S')], agreedOn(false), [{ kind: 'flag', file: file('S'), unread: true }]],
    [
      'after a start, read by another program',
      [mail(true)],
      [file('S')],
      none,
      [{ kind: 'mark', id: ID, unread: false }],
    ],
    [
      'after a start, read in Cordon',
      [mail(false)],
      [file('')],
      none,
      [{ kind: 'flag', file: file(''), unread: false }],
    ],
    ['sent mail has no state', [mail(false, { folder: 'sent' })], [file('', { folder: 'sent' })], none, []],
  ] as const)('%s', (_what, mails, files, known, expected) => {
    expect(mirrorChanges(mails, files, known)).toEqual(expected);
  });

  it('removes a second file of the same mail, which a delivery after a crash left', () => {
    const second = file('', { place: 'new', name: baseName(mail(true)) });
    expect(mirrorChanges([mail(false)], [file('S'), second], none)).toEqual([{ kind: 'remove', file: second }]);
  });
});
