import { describe, expect, it } from 'vitest';
import { invalidCertificate, isAboutCertificate, untrustedServer } from './connection-failure.ts';

const DAY = 86_400_000;
const END = Date.parse('2026-05-03T10:00:00Z');

describe('the explanation of a failed connection', () => {
  it.each<[string, number, string | null, RegExp | null]>([
    ['is absent while the certificate is valid', END - DAY, null, null],
    [
      'states the start of a certificate that begins in the future',
      END - 31 * DAY,
      null,
      /not valid before 2026-04-03. This machine's clock shows 2026-04-02. .*gets another certificate by itself.$/,
    ],
    [
      'states the expiry while the agent still renews the certificate',
      END + 2 * DAY,
      null,
      /expired on 2026-05-03. The device cannot connect. The agent renews .* until 2026-05-10.$/,
    ],
    ['states why the renewal failed', END + 2 * DAY, 'no connection', /The last attempt failed: no connection/],
    [
      'asks for a new enrollment after the renewal period',
      END + 8 * DAY,
      'x',
      /expired on 2026-05-03. .*clock is right \(2026-05-11\).*enrolled again. Ask your admin .* cordon-agent enroll --replace, and paste/,
    ],
  ])('%s', (_case, now, renewal, words) => {
    const explanation = invalidCertificate({ notBefore: END - 30 * DAY, notAfter: END, now, renewal });
    if (words === null) expect(explanation).toBeNull();
    else expect(explanation).toMatch(words);
  });

  const HOST = 'old.example';
  const dates = (from: number, until: number) => ({ notBefore: END + from * DAY, notAfter: END + until * DAY });
  it.each<[string, ReturnType<typeof dates> | null, RegExp | null]>([
    ['ERR_TLS_CERT_ALTNAME_INVALID', null, /not for the name old.example. .* add old.example to CORDON_NAMES/],
    [
      'CERT_HAS_EXPIRED',
      dates(-9, -1),
      /^The certificate of the server at old.example expired on 2026-05-02. This machine's clock shows 2026-05-03. .* restart the server.$/,
    ],
    // A CA certificate of the chain has expired, and not the server's certificate.
    ['CERT_HAS_EXPIRED', dates(-9, 9), /old.example has expired. This machine's clock shows 2026-05-03/],
    ['CERT_HAS_EXPIRED', null, /old.example has expired. This machine's clock shows 2026-05-03/],
    ['CERT_NOT_YET_VALID', dates(1, 9), /is not valid before 2026-05-04. This machine's clock shows 2026-05-03/],
    ['CERT_NOT_YET_VALID', dates(-1, 9), /is not valid yet/],
    ['CERT_NOT_YET_VALID', null, /is not valid yet/],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      dates(-1, 9),
      /old.example is from another certificate authority than this device's \(m\). It is valid until 2026-05-12. .* Tell your admin. .*activation link/,
    ],
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      null,
      /another certificate authority than this device's \(m\). The device does not/,
    ],
    ['ECONNREFUSED', null, null],
  ])('is correct for the error %s and the certificate dates %j', (code, certificate, words) => {
    const failure = { code, message: 'm' };
    const explanation = untrustedServer(failure, { host: HOST, certificate, now: END });
    expect(isAboutCertificate(failure)).toBe(words !== null);
    if (words === null) expect(explanation).toBeNull();
    else expect(explanation).toMatch(words);
  });
});
