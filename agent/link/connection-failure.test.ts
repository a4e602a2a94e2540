import { describe, expect, it } from 'vitest';
import { expiredCertificate, untrustedServer } from './connection-failure.ts';

const DAY = 86_400_000;
const END = Date.parse('2026-05-03T10:00:00Z');

describe('a connection that failed says why', () => {
  it.each<[string, number, string | null, RegExp | null]>([
    ['the certificate is valid', END - DAY, null, null],
    [
      'it expired two days ago',
      END + 2 * DAY,
      null,
      /expired on 2026-05-03. The device cannot connect. The agent renews .* until 2026-05-10.$/,
    ],
    ['and could not be renewed', END + 2 * DAY, 'no connection', /The last attempt failed: no connection/],
    [
      'it expired eight days ago',
      END + 8 * DAY,
      'x',
      /expired on 2026-05-03. .*clock is right \(2026-05-11\).*enrolled again. Ask your admin .* cordon-agent enrol --replace, and paste/,
    ],
  ])('%s', (_case, now, renewal, words) => {
    const said = expiredCertificate({ notAfter: END, now, renewal });
    if (words === null) expect(said).toBeNull();
    else expect(said).toMatch(words);
  });

  it.each<[string, RegExp | null]>([
    ['ERR_TLS_CERT_ALTNAME_INVALID', /not for the name old.example. .* add old.example to CORDON_NAMES/],
    ['CERT_HAS_EXPIRED', /has expired by this machine's clock, which shows 2026-05-03/],
    ['CERT_NOT_YET_VALID', /not valid yet/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /another certificate authority/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /another certificate authority/],
    ['ECONNREFUSED', null],
  ])('%s', (code, words) => {
    const said = untrustedServer({ code, message: 'm' }, 'old.example', END);
    if (words === null) expect(said).toBeNull();
    else expect(said).toMatch(words);
  });
});
