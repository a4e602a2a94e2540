import { expect, it } from 'vitest';
import { concernsRecipient, type MailFault, mailFaultText } from './mail-fault.ts';

const SERVER = { host: 'mail.example.org', port: 587 };

it.each<[string, MailFault, RegExp]>([
  [
    'refused',
    { message: 'connect', code: 'ESOCKET', originalCode: 'ECONNREFUSED' },
    /^The mail server mail\.example\.org:587 refused the connection\. Check/,
  ],
  ['no such name', { message: 'queryA ENOTFOUND', code: 'EDNS' }, /has no address in DNS/],
  ['silence', { message: 'Greeting never received', code: 'ETIMEDOUT' }, /did not respond in time/],
  ['our deadline', { message: 'aborted', code: 'EABORT' }, /did not respond in time/],
  [
    'no STARTTLS',
    { message: 'Error upgrading', code: 'ETLS', command: 'STARTTLS', response: '502 not here' },
    /^TLS with the mail server mail\.example\.org:587 failed \(502 not here\)/,
  ],
  [
    'a foreign certificate',
    { message: 'self-signed certificate', code: 'ESOCKET', originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    /^TLS with .*self-signed certificate.*NODE_EXTRA_CA_CERTS/,
  ],
  [
    'a wrong password',
    { message: 'x', code: 'EAUTH', response: '535 no' },
    /refused the user and the password \(535 no\)/,
  ],
  [
    'a web server',
    { message: 'Invalid greeting', code: 'EPROTOCOL', response: 'HTTP/1.1 400' },
    /sent a response that is not SMTP/,
  ],
  [
    'a sender',
    { message: 'x', code: 'EENVELOPE', command: 'MAIL FROM', response: '550 no' },
    /refused the sender .*CORDON_MAIL_FROM/,
  ],
  [
    'a recipient',
    { message: 'x', code: 'EENVELOPE', command: 'RCPT TO', response: '550 no' },
    /refused the recipient \(550 no\)/,
  ],
  ['anything else', { message: 'odd' }, /did not accept the mail \(odd\)/],
])('%s is explained with a remedy', (_what, fault, expected) => {
  expect(mailFaultText(fault, SERVER)).toMatch(expected);
  expect(mailFaultText(fault, SERVER)).toMatch(/^[A-Z].*\.$/);
});

it('keeps the response of a mail server short and on one line', () => {
  const text = mailFaultText({ message: 'x', response: `550 \u202e${'a\r\n'.repeat(5000)}` }, SERVER);
  expect(text.length).toBeLessThan(350);
  expect(text).not.toMatch(/[\r\n\u202e]/);
});

it('distinguishes an unknown recipient from a failed mail server', () => {
  expect(concernsRecipient({ message: 'x', command: 'RCPT TO' })).toBe(true);
  expect(concernsRecipient({ message: 'x', command: 'MAIL FROM' })).toBe(false);
});
