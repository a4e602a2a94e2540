/** Why a connection to the server failed, as a user reads it: the fact, the consequence, and what to do. Pure. */

/** `code`: what Node or OpenSSL gave, if anything. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface OwnValidity {
  readonly notAfter: number;
  /** This machine's wall clock. */
  readonly now: number;
  /** Why the last attempt to renew the certificate failed; null: none did. */
  readonly renewal: string | null;
}

/** The server renews a certificate for this long after its end (SECURITY.md). */
const RENEWED_FOR = 7 * 86_400_000;
const NEW_LINK =
  'Ask your admin for an activation link, stop this agent, run cordon-agent enrol --replace, and paste the link.';

/**
 * A device whose own certificate has expired gets no words from the server: TLS 1.3 ends the connection after the handshake, and all that is
 * left is "socket hang up".
 */
export function expiredCertificate({ notAfter, now, renewal }: OwnValidity): string | null {
  if (now <= notAfter) return null;
  const fact = `This device's certificate expired on ${day(notAfter)}. The device cannot connect.`;
  if (now <= notAfter + RENEWED_FOR) {
    const failed = renewal === null ? '' : ` The last attempt failed: ${renewal}`;
    return `${fact} The agent renews the certificate by itself until ${day(notAfter + RENEWED_FOR)}.${failed}`;
  }
  return `${fact} If this machine's clock is right (${day(now)}), the device must be enrolled again. ${NEW_LINK}`;
}

/** Null when the failure is not about the server's certificate. */
export function untrustedServer({ code, message }: Failure, host: string, now: number): string | null {
  const consequence = 'The device does not connect, because another machine may pretend to be the server.';
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The server's certificate is not for the name ${host}. ${consequence} Tell your admin to add ${host} to CORDON_NAMES, or to give you a new activation link.`;
    case 'CERT_HAS_EXPIRED':
      return `The server's certificate has expired by this machine's clock, which shows ${day(now)}. The device cannot connect. Set the clock if it is wrong. If it is right, tell your admin to restart the server.`;
    case 'CERT_NOT_YET_VALID':
      return `The server's certificate is not valid yet by this machine's clock, which shows ${day(now)}. The device cannot connect. Set the clock if it is wrong. If it is right, tell your admin.`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return `The server at ${host} has a certificate of another certificate authority than the one that this device was enrolled with (${message}). ${consequence} Tell your admin. If the organization has a new server, ask for an activation link.`;
    default:
      return null;
  }
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
