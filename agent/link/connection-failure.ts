/** Failure of a connection attempt. `code`: the error code of Node or OpenSSL, or an empty string. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface OwnValidity {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly now: number;
  readonly renewal: string | null;
}

/** Time after a certificate's expiry during which the server still renews the certificate (SECURITY.md). */
const RENEWED_FOR = 7 * 86_400_000;
const NEW_LINK =
  'Ask your admin for an activation link, stop this agent, run cordon-agent enroll --replace, and paste the link.';

/**
 * Explanation of a failed connection; null if the device's certificate is valid at this time. A TLS 1.3 server that refuses such a client
 * certificate closes the connection after the handshake, and Node reports only "socket hang up".
 */
export function invalidCertificate({ notBefore, notAfter, now, renewal }: OwnValidity): string | null {
  const failed = renewal === null ? '' : ` The last attempt failed: ${renewal}`;
  if (now < notBefore) {
    return `This device's certificate is not valid before ${day(notBefore)}. This machine's clock shows ${day(now)}. The device cannot connect. If the clock is right, the agent gets another certificate by itself.${failed}`;
  }
  if (now <= notAfter) return null;
  const fact = `This device's certificate expired on ${day(notAfter)}. The device cannot connect.`;
  if (now <= notAfter + RENEWED_FOR) {
    return `${fact} The agent renews the certificate by itself until ${day(notAfter + RENEWED_FOR)}.${failed}`;
  }
  return `${fact} If this machine's clock is right (${day(now)}), the device must be enrolled again. ${NEW_LINK}`;
}

const REFUSED: Readonly<Record<string, 'expired' | 'early' | 'foreign' | 'name'>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'early',
  SELF_SIGNED_CERT_IN_CHAIN: 'foreign',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'foreign',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'foreign',
  UNABLE_TO_GET_ISSUER_CERT: 'foreign',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'foreign',
  CERT_SIGNATURE_FAILURE: 'foreign',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
};

export const isAboutCertificate = ({ code }: Failure): boolean => REFUSED[code] !== undefined;

export interface RefusedServer {
  readonly host: string;
  readonly certificate: { readonly notBefore: number; readonly notAfter: number } | null;
  readonly now: number;
}

/** Why TLS did not accept the server's certificate; null for other failures. */
export function untrustedServer({ code, message }: Failure, { host, certificate, now }: RefusedServer): string | null {
  const consequence = 'The device does not connect, because another machine may pretend to be the server.';
  const subject = `The certificate of the server at ${host}`;
  const clock = `This machine's clock shows ${day(now)}. The device cannot connect. Set the clock if it is wrong.`;
  switch (REFUSED[code]) {
    case 'name':
      return `The server's certificate is not for the name ${host}. ${consequence} Tell your admin to add ${host} to CORDON_NAMES, or to give you a new activation link.`;
    case 'expired': {
      const fact =
        certificate && certificate.notAfter < now ? `expired on ${day(certificate.notAfter)}` : 'has expired';
      return `${subject} ${fact}. ${clock} If it is right, tell your admin to check the server's clock and to restart the server.`;
    }
    case 'early': {
      const from = certificate && certificate.notBefore > now ? ` before ${day(certificate.notBefore)}` : ' yet';
      return `${subject} is not valid${from}. ${clock} If it is right, tell your admin.`;
    }
    case 'foreign': {
      const until = certificate ? ` It is valid until ${day(certificate.notAfter)}.` : '';
      return `${subject} is from another certificate authority than this device's (${message}).${until} ${consequence} Tell your admin. If the organization has a new server, ask for an activation link.`;
    }
    default:
      return null;
  }
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
