/**
 * Files with the authority's keys and certificates. Until `authority.json` exists, the first start is not finished, and missing files are
 * created. After that, a missing file that devices trust is an error, because a new key would break their trust.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CordonError } from '../shared/errors.ts';
import { requirePrivateFile } from '../shared/private-file.ts';
import { type Custody, writeDurably } from './custody.ts';

export type KeyName = 'root' | 'issuing' | 'server' | 'online' | 'ledger';
export type CertificateName = 'root' | 'issuing' | 'server';

/** Files that can be created again at any time, because no device stores their fingerprints. */
const REPLACEABLE: ReadonlySet<KeyName> = new Set<KeyName>(['server']);

export interface KeyFolder {
  key(name: KeyName, kind: 'ec' | 'ed25519'): KeyObject;
  /**
   * Reads a certificate in DER format. If the file is missing at the server's first start, creates the certificate with `make`. After the
   * first start, throws `unavailable` for a missing CA certificate.
   */
  certificate(name: CertificateName, make: () => Buffer): Buffer;
  replaceCertificate(name: CertificateName, der: Buffer): Buffer;
  /** True if the server's first start had finished before the key folder was opened. */
  readonly founded: boolean;
  complete(): void;
}

export function openKeyFolder(folder: string, custody: Custody): KeyFolder {
  const marker = join(folder, 'authority.json');
  const founded = existsSync(marker);
  const opened = new Map<KeyName, KeyObject>();

  const mayMake = (name: KeyName, path: string): void => {
    if (!founded || REPLACEABLE.has(name)) return;
    const hint = name === 'root' ? 'Copy the root CA’s key back for this start.' : 'Restore it from a backup.';
    throw new CordonError('unavailable', `${path} is missing, and devices rely on it. ${hint}`);
  };

  const replaceCertificate = (name: CertificateName, der: Buffer): Buffer => {
    writeDurably(join(folder, `${name}.crt`), pemOf(der));
    return der;
  };

  return {
    key: (name, kind) => {
      const known = opened.get(name);
      if (known) return known;
      const path = join(folder, `${name}.key`);
      if (!existsSync(path)) {
        mayMake(name, path);
        // The certificate exists without its key, and a new key would not match.
        const certificate = join(folder, `${name}.crt`);
        if (existsSync(certificate) && !REPLACEABLE.has(name)) {
          throw new CordonError(
            'unavailable',
            `${path} is missing, but its certificate ${certificate} exists. Restore the key from a backup.`,
          );
        }
        const { privateKey } =
          kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
        writeDurably(path, `${custody.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), `key:${name}`)}\n`);
      }
      requirePrivateFile(path);
      const key = openSealedKey(path, name, custody);
      opened.set(name, key);
      return key;
    },
    certificate: (name, make) => {
      const path = join(folder, `${name}.crt`);
      if (!existsSync(path)) {
        mayMake(name, path);
        return replaceCertificate(name, make());
      }
      try {
        return Buffer.from(new X509Certificate(readFileSync(path)).raw);
      } catch (error) {
        throw new CordonError('unavailable', `${path} is damaged. Restore it from a backup.`, {}, error);
      }
    },
    replaceCertificate,
    founded,
    complete: () => {
      if (existsSync(marker)) return;
      writeDurably(marker, `${JSON.stringify({ version: 1, founded: new Date().toISOString() })}\n`);
    },
  };
}

/** Reads an existing key. Throws `unavailable` if the file is damaged or contains another key. */
export function openSealedKey(path: string, name: string, custody: Custody): KeyObject {
  try {
    const der = custody.unseal(readFileSync(path, 'utf8'), `key:${name}`);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (error) {
    throw new CordonError(
      'unavailable',
      `${path} is damaged or holds another key. Restore it from a backup.`,
      {},
      error,
    );
  }
}

export function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
