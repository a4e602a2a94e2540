import { expect, it } from 'vitest';
import { newTotpSecret, totpStep, totpUri } from './totp.ts';

/** RFC 6238, appendix B: the SHA-1 secret "12345678901234567890" in base32; the last six of its eight digits. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

it.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
])('accepts the code of the RFC at %d s, at most one step early or late', async (seconds, code) => {
  const step = Math.floor(seconds / 30);
  for (const away of [-30, 0, 30]) expect(await totpStep(SECRET, code, (seconds + away) * 1000)).toBe(step);
  for (const away of seconds > 90 ? [-90, 90] : [90]) {
    expect(await totpStep(SECRET, code, (seconds + away) * 1000)).toBeNull();
  }
});

it.each(['', '28708', '2870820', '28708a', ' 287082', '２８７０８２'])('rejects %j as a code', async (code) => {
  expect(await totpStep(SECRET, code, 59_000)).toBeNull();
});

it('creates secrets of 160 bits, and links for authenticator apps', async () => {
  const secret = await newTotpSecret();
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(await newTotpSecret()).not.toBe(secret);
  const uri = new URL(await totpUri('Exempel AB', 'a@example.org', secret));
  expect([uri.protocol, uri.host, uri.searchParams.get('secret'), uri.searchParams.get('issuer')]).toEqual([
    'otpauth:',
    'totp',
    secret,
    'Exempel AB',
  ]);
});
