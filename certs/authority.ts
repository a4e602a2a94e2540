/**
 * Certificate authority of one installation: root CA, issuing CA, the server's certificate, and two Ed25519 keys: the online key signs
 * order lists, and the ledger key signs checkpoints. The first start creates all of them in one folder. The authority signs every request;
 * its callers decide which requests are allowed.
 */
import { hash, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
// Import for its side effect: Node 26 leaves `tls.createSecureContext` undefined if `toLegacyObject` runs before the first import of this
// module.
import 'node:tls';
import {
  buildCrl,
  type CrlContent,
  certificateBuilder,
  type Name,
  newSerial,
  type Signer,
  spkiOf,
} from './certificate.ts';
import { openCustody } from './custody.ts';
import { openKeyFolder, pemOf } from './key-folder.ts';
import { type LeafProfileName, PROFILES, type ProfileName, validity } from './profiles.ts';

const DAY = 86_400_000;
/** Milliseconds of remaining validity below which the server renews its own certificate. */
const SERVER_RENEWAL = 30 * DAY;

export interface IssueRequest {
  readonly profile: LeafProfileName;
  /** Public key of the subject (SPKI, DER), which `parseCsr` has checked. */
  readonly spki: Buffer;
  readonly commonName: string;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Validity in days; replaces the validity of the profile. */
  readonly days?: number;
}

export interface Issued {
  readonly profile: ProfileName;
  /** Serial number in lower-case hex. */
  readonly serial: string;
  readonly der: Buffer;
  readonly pem: string;
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Ed25519 key for signatures. The private key never leaves this object. */
export interface SigningKey {
  /** SHA-256 of the public key's SPKI, hex. */
  readonly keyid: string;
  readonly publicKey: string;
  sign(bytes: Buffer): Buffer;
}

export interface Authority {
  readonly rootDer: Buffer;
  readonly issuingDer: Buffer;
  /** PEM chain: the issuing CA's certificate, then the root certificate. */
  readonly chainPem: string;
  /** SHA-256 of `rootDer`, hex. Activation links contain this fingerprint. */
  readonly fingerprint: string;
  /** SHA-256 of `issuingDer`, lower-case hex. */
  readonly issuingFingerprint: string;
  readonly created: boolean;
  /** Marks the first start as finished. From then on, a missing key is an error. Further calls do nothing. */
  finishFounding(): void;
  /** Certificates of the root CA, the issuing CA and the server. The store records them like device certificates. */
  own(): readonly Issued[];
  issue(request: IssueRequest): Issued;
  crl(content: CrlContent): Buffer;
  /**
   * The server's certificate. Call this at least once a day: it renews the certificate before its expiry, after a change of the server's
   * names, and if the certificate begins in the future.
   */
  serverIdentity(): { readonly keyPem: string; readonly chainPem: string; readonly notAfter: number };
  readonly online: SigningKey;
  readonly ledgerKey: SigningKey;
  /** Encrypts other secrets on the disk. A secret can be decrypted only for the purpose for which it was encrypted. */
  seal(plain: Buffer, purpose?: string): string;
  unseal(text: string, purpose?: string): Buffer;
}

export interface AuthorityOptions {
  readonly folder: string;
  readonly passphrase: string;
  readonly organization: string;
  readonly serverNames: readonly string[];
  /** URL of the revocation list in certificates; null if certificates contain none. */
  readonly crlUrl?: string | null;
  /**
   * Time at which the first start is marked as finished.
   * - `now` (default): `openAuthority` marks it.
   * - `later`: the caller calls `finishFounding` after it has stored the binding between keys and store.
   */
  readonly finish?: 'now' | 'later';
  /** Time for new certificates in Unix milliseconds. Default: the machine's clock. */
  readonly now?: () => number;
}

/**
 * Opens the authority, creates it at the first start, or finishes an interrupted first start. After the first start, a missing file is an
 * error. Throws `passphrase_wrong` or `unavailable`.
 */
export function openAuthority(options: AuthorityOptions): Authority {
  const custody = openCustody(options.folder, options.passphrase);
  const keys = openKeyFolder(options.folder, custody);
  const { now = () => Date.now() } = options;
  const crlUrl = options.crlUrl ?? null;
  // Maximum length of an organization's name (RFC 5280, appendix A.1).
  const organization = [...options.organization].slice(0, 64).join('');

  const rootDer = keys.certificate('root', () => {
    const key = keys.key('root', 'ec');
    const name: Name = { commonName: 'Cordon Root', organization };
    const ends = Number.POSITIVE_INFINITY;
    return issuerOf('root', { name, key, spki: spkiOf(key) }, { ends, crlUrl: null, now })(name, spkiOf(key)).der;
  });
  const rootName: Name = nameIn(rootDer);
  const issuingDer = keys.certificate('issuing', () => {
    const name: Name = { commonName: 'Cordon Issuing CA', organization };
    const root: Signer = { name: rootName, key: keys.key('root', 'ec'), spki: spkiOf(publicKeyOf(rootDer)) };
    const terms = { ends: endOf(rootDer), crlUrl: null, now };
    return issuerOf('issuing', root, terms)(name, spkiOf(keys.key('issuing', 'ec'))).der;
  });
  const issuingKey = keys.key('issuing', 'ec');
  const issuer: Signer = { name: nameIn(issuingDer), key: issuingKey, spki: spkiOf(issuingKey) };
  const terms = { ends: endOf(issuingDer), crlUrl, now };
  const issuers = {
    server: issuerOf('server', issuer, terms),
    device: issuerOf('device', issuer, terms),
    messaging: issuerOf('messaging', issuer, terms),
  };

  const dnsNames = options.serverNames.filter((name) => isIP(name) === 0);
  const ipAddresses = options.serverNames.filter((name) => isIP(name) !== 0);
  const server = (): Buffer => {
    const anew = () =>
      issuers.server({ commonName: options.serverNames[0] ?? 'Cordon' }, spkiOf(keys.key('server', 'ec')), {
        dnsNames,
        ipAddresses,
      }).der;
    const der = keys.certificate('server', anew);
    return isUsable(der, { dnsNames, ipAddresses, issuingDer, now: now() })
      ? der
      : keys.replaceCertificate('server', anew());
  };
  server();
  const online = signingKey(keys.key('online', 'ed25519'));
  const ledgerKey = signingKey(keys.key('ledger', 'ed25519'));
  const created = !keys.founded;
  if (options.finish !== 'later') keys.complete();

  const chainPem = pemOf(issuingDer) + pemOf(rootDer);
  return {
    rootDer,
    issuingDer,
    chainPem,
    fingerprint: sha256(rootDer),
    issuingFingerprint: sha256(issuingDer),
    created,
    finishFounding: () => keys.complete(),
    own: () => [readBack('root', rootDer), readBack('issuing', issuingDer), readBack('server', server())],
    issue: ({ profile, commonName, spki, ...extras }) => issuers[profile]({ commonName }, spki, extras),
    crl: (content) => buildCrl(content, issuer),
    serverIdentity: () => {
      const der = server();
      const keyPem = keys.key('server', 'ec').export({ type: 'pkcs8', format: 'pem' }).toString();
      return { keyPem, chainPem: pemOf(der) + pemOf(issuingDer), notAfter: endOf(der) };
    },
    online,
    ledgerKey,
    seal: (plain, purpose = 'record') => custody.seal(plain, purpose),
    unseal: (text, purpose = 'record') => custody.unseal(text, purpose),
  };
}

type Extras = Omit<IssueRequest, 'profile' | 'spki' | 'commonName'>;

interface IssuerTerms {
  /** End of the issuer's own certificate. */
  readonly ends: number;
  readonly crlUrl: string | null;
  readonly now: () => number;
}

/** Issues certificates of one profile. */
function issuerOf(profile: ProfileName, signer: Signer, { ends, crlUrl, now }: IssuerTerms) {
  const build = certificateBuilder(PROFILES[profile], signer, crlUrl);
  return (subject: Name, spki: Buffer, extras: Extras = {}): Issued => {
    const { uris = [], dnsNames = [], ipAddresses = [], days = PROFILES[profile].days } = extras;
    const serial = newSerial();
    const at = now();
    // OpenSSL checks certificates by the machine's clock, which may be behind the given time while the clock is in doubt.
    const period = validity(days, at, ends, Math.min(at, Date.now()));
    const der = build({ serial, subject, spki, ...period, uris, dnsNames, ipAddresses });
    return issuedAs(profile, der, { serial: serial.toString('hex'), ...period });
  };
}

function issuedAs(profile: ProfileName, der: Buffer, read: Pick<Issued, 'serial' | 'notBefore' | 'notAfter'>): Issued {
  return {
    profile,
    der,
    ...read,
    fingerprint: sha256(der),
    // The PEM text is made only on request. Few callers need it, and enrollments should be fast.
    get pem() {
      return pemOf(der);
    },
  };
}

function readBack(profile: ProfileName, der: Buffer): Issued {
  const certificate = new X509Certificate(der);
  return issuedAs(profile, der, {
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  });
}

const sha256 = (bytes: Buffer): string => hash('sha256', bytes);
const publicKeyOf = (der: Buffer): KeyObject => new X509Certificate(der).publicKey;
const endOf = (der: Buffer): number => Date.parse(new X509Certificate(der).validTo);

/** Reads the issuer's name from its own certificate, because the organization may have been renamed since. */
function nameIn(der: Buffer): Name {
  const { subject } = new X509Certificate(der).toLegacyObject();
  const { CN, O } = subject;
  if (typeof CN !== 'string') throw new TypeError('an authority whose certificate has no common name');
  return typeof O === 'string' ? { commonName: CN, organization: O } : { commonName: CN };
}

interface ServerTerms {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly issuingDer: Buffer;
  readonly now: number;
}

/**
 * True if the server can go on using its certificate. The start of the certificate is in the future if the clock was ahead when the server
 * issued it. No device accepts such a certificate.
 */
function isUsable(der: Buffer, { dnsNames, ipAddresses, issuingDer, now }: ServerTerms): boolean {
  const certificate = new X509Certificate(der);
  return (
    certificate.verify(publicKeyOf(issuingDer)) &&
    Date.parse(certificate.validFrom) <= now &&
    Date.parse(certificate.validTo) - now > SERVER_RENEWAL &&
    dnsNames.every((name) => certificate.checkHost(name, { subject: 'never' }) !== undefined) &&
    ipAddresses.every((address) => certificate.checkIP(address) !== undefined) &&
    (certificate.subjectAltName?.split(', ').length ?? 0) === dnsNames.length + ipAddresses.length
  );
}

function signingKey(key: KeyObject): SigningKey {
  const spki = spkiOf(key);
  return { keyid: sha256(spki), publicKey: spki.toString('base64'), sign: (bytes) => sign(null, bytes, key) };
}
