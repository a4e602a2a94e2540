/** Profiles of certificates: the permitted uses and the validity of each kind. Only the requested public key is copied from a request. */

/** Bits of the KeyUsage extension, by position (RFC 5280, section 4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;
export type KeyUsage = keyof typeof KEY_USAGE;

export const EXTENDED_KEY_USAGE = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
} as const;
export type ExtendedKeyUsage = keyof typeof EXTENDED_KEY_USAGE;

export interface CertificateProfile {
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  /** Maximum number of authorities below a certificate authority; null for other certificates. */
  readonly pathLength: number | null;
  readonly days: number;
  /** True if certificates of this profile contain the URL of its revocation list. */
  readonly crlDistributionPoint: boolean;
}

export const PROFILES = {
  root: {
    keyUsage: ['keyCertSign', 'cRLSign'],
    extendedKeyUsage: [],
    pathLength: 1,
    days: 20 * 365,
    crlDistributionPoint: false,
  },
  issuing: {
    keyUsage: ['keyCertSign', 'cRLSign'],
    extendedKeyUsage: [],
    pathLength: 0,
    days: 10 * 365,
    // The root CA publishes no revocation list, so nothing revokes an issuing CA's certificate. Cordon has no procedure yet that replaces
    // the root or issuing CA.
    crlDistributionPoint: false,
  },
  server: {
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['serverAuth'],
    pathLength: null,
    days: 397,
    crlDistributionPoint: true,
  },
  device: {
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    pathLength: null,
    days: 30,
    crlDistributionPoint: true,
  },
  /** Profile for the key with which a device signs its messages. The certificate has no TLS purpose, so it opens no connection. */
  messaging: {
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['emailProtection'],
    pathLength: null,
    days: 30,
    crlDistributionPoint: true,
  },
} as const satisfies Record<string, CertificateProfile>;

export type ProfileName = keyof typeof PROFILES;
/** Profiles that the issuing CA signs. `root` and `issuing` are created once, at the first start. */
export type LeafProfileName = Exclude<ProfileName, 'root' | 'issuing'>;

const DAY = 86_400_000;

/** The validity of a new certificate starts shortly before its creation, because a device's clock may be behind the server's. */
export const BACKDATE = 5 * 60_000;

/**
 * Validity in whole seconds, as certificates require, and never beyond the issuer's. `from`: time at which another program must accept the
 * certificate already.
 */
export function validity(
  days: number,
  now: number,
  issuerEnds: number,
  from = now,
): { notBefore: number; notAfter: number } {
  const notBefore = Math.floor((from - BACKDATE) / 1000) * 1000;
  return { notBefore, notAfter: Math.min(Math.floor((now + days * DAY) / 1000) * 1000, issuerEnds) };
}
