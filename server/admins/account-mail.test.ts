import { expect, it } from 'vitest';
import { type AccountMail, accountMail } from './account-mail.ts';

const GIVEN: AccountMail = {
  purpose: 'invitation',
  organization: 'Exempel AB',
  to: { name: 'Ada Okafor', address: 'ada@example.org' },
  by: { name: 'Olivia', email: 'olivia@example.org' },
  link: 'https://cordon.example.org/#invitation=ABC',
  expiresAt: Date.parse('2026-12-01T14:05:00Z'),
};

it('names the installation, the inviting admin, the expiry, and the steps for an unexpected mail', () => {
  expect(accountMail(GIVEN)).toEqual({
    to: GIVEN.to,
    subject: 'Exempel AB: your Cordon account',
    text: `Hello Ada Okafor,

Olivia (olivia@example.org) invites you to Cordon, the device management of Exempel AB.

Open this link to choose your password and to set up an authenticator app. Do not forward this mail: anyone with the link can sign in as you.

https://cordon.example.org/#invitation=ABC

The link works once, until December 1, 2026 at 14:05 UTC.

If you did not expect this invitation, do not open the link. Ask Olivia (olivia@example.org) about it. Without you, nobody can use the account.
`,
  });
});

it.each(['invitation', 'reset', 'verification'] as const)('keeps names in the %s mail on their line', (purpose) => {
  const nasty = 'Ada\r\nBcc: eve@example.org\n\nhttps://evil.example\u202e';
  const { subject, text } = accountMail({
    ...GIVEN,
    purpose,
    organization: nasty,
    to: { name: nasty, address: 'ada@example.org' },
    by: { name: nasty, email: 'o@example.org' },
  });
  expect(subject).not.toMatch(/[\r\n\u202e]/);
  expect(text.split('\n').filter((line) => line.startsWith('http'))).toEqual([GIVEN.link]);
  expect(text.split('\n\n')).toHaveLength(6);
});
