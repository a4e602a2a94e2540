import { describe, expect, it } from 'vitest';
import { readSendmailArguments, untilDot } from './sendmail-arguments.ts';
import { exitOfReply } from './sendmail-command.ts';

const none = { fromHeader: false, ignoreDots: false, from: null, recipients: [] };
const TO = 'otto@outside.example';

describe('arguments of sendmail', () => {
  it.each([
    [[TO], { recipients: [TO] }],
    [['-oem', '-oi', '--', TO], { ignoreDots: true, recipients: [TO] }],
    [['-t', '-i'], { fromHeader: true, ignoreDots: true }],
    [['-ti'], { fromHeader: true, ignoreDots: true }],
    [['-f', 'amina@corp.example', TO], { from: 'amina@corp.example', recipients: [TO] }],
    [['-f<amina@corp.example>', TO], { from: 'amina@corp.example', recipients: [TO] }],
    [['-f', '', TO], { recipients: [TO] }],
    [['-F', 'Amina', '-odb', '-N', 'never', '-bm', TO], { recipients: [TO] }],
    [['--', '-t'], { recipients: ['-t'] }],
  ] as const)('reads %j', (args, expected) => expect(readSendmailArguments(args)).toEqual({ ...none, ...expected }));

  it.each([
    [['-bd'], 'The mode -bd is not supported. Only -bm sends a message.'],
    [['-q'], 'The option -q is not supported.'],
    [['-f'], 'The option -f needs a value.'],
  ])('refuses %j', (args, expected) => expect(readSendmailArguments(args)).toBe(expected));
});

it.each([
  ['Subject: x\n\none\n.\ntwo\n', 'Subject: x\n\none\n'],
  ['Subject: x\n\none\n..\n.two\n', 'Subject: x\n\none\n..\n.two\n'],
  ['Subject: x\r\n\r\none\r\n.\r\n', 'Subject: x\r\n\r\none\r\n'],
  ['.\n', ''],
])('ends %j at a single dot', (text, expected) => expect(untilDot(Buffer.from(text)).toString()).toBe(expected));

it.each([
  [451, '4.7.0 Order EX-1 suspends mail.', 75],
  [550, '5.7.0 Order EX-1 suspends mail.', 77],
  [553, '5.1.3 The recipient is not an e-mail address', 67],
  [552, '5.3.4 The message is too large', 65],
  [554, '5.5.1 The mail has no recipient', 69],
])('gives for %d %s the exit code %d', (code, text, expected) => expect(exitOfReply(code, text)).toBe(expected));
