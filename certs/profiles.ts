/**
 * What each kind of certificate may do and for how long, as data. What is not in a profile is in no certificate: nothing that a
 * request asks for is ever copied into one, apart from its public key.
 */

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
  /** A certificate authority, and how many more may stand below it (null: the profile is no authority). */
  readonly pathLength: number | null;
  readonly days: number;
  /** Whether the certificate says where its revocation list is. */
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
    // The root revokes by handing agents another root: it has no list of its own while its key lies in a safe.
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
  /** For the key with which a device signs its messages. It opens no connection: no TLS purpose is in it. */
  messaging: {
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['emailProtection'],
    pathLength: null,
    days: 30,
    crlDistributionPoint: true,
  },
} as const satisfies Record<string, CertificateProfile>;

export type ProfileName = keyof typeof PROFILES;
/** What the issuing authority signs; `root` and `issuing` are made once, at the first start. */
export type LeafProfileName = Exclude<ProfileName, 'root' | 'issuing'>;

const DAY = 86_400_000;

/** A device's clock may run behind the server's: a new certificate is valid from a little before it was made. */
export const BACKDATE = 5 * 60_000;

/** Whole seconds, as certificates have them. The end never lies beyond the issuer's. */
export function validity(days: number, now: number, issuerEnds: number): { notBefore: number; notAfter: number } {
  const notBefore = Math.floor((now - BACKDATE) / 1000) * 1000;
  return { notBefore, notAfter: Math.min(Math.floor((now + days * DAY) / 1000) * 1000, issuerEnds) };
}
