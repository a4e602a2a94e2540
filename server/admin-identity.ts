/** Certificate and private key of the admin listener, from the files that the admin configured. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CordonError } from '../shared/errors.ts';
import { requirePrivateFile } from '../shared/private-file.ts';

export interface AdminIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Validity of the server's own certificate, which is the first in its file, in Unix milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Reads and checks the server's certificate and private key for connections of admins. Throws `invalid_input`, whose message names the
 * environment variable, the file and the remedy.
 */
export function readAdminIdentity(files: { readonly certificate: string; readonly key: string }): AdminIdentity {
  const cert = read('CORDON_ADMIN_CERTIFICATE', files.certificate);
  const key = read('CORDON_ADMIN_KEY', files.key);
  requirePrivateFile(files.key);
  const certificate = parseCertificate(cert, files.certificate);
  if (!certificate.checkPrivateKey(parseKey(key, files.key))) {
    throw new CordonError(
      'invalid_input',
      `CORDON_ADMIN_KEY: the key in ${files.key} does not belong to the certificate in ${files.certificate}. Name the files of one pair. The server's own certificate must come first in its file.`,
    );
  }
  return { cert, key, notBefore: Date.parse(certificate.validFrom), notAfter: Date.parse(certificate.validTo) };
}

function read(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const why =
      code === 'ENOENT'
        ? `${path} does not exist. Correct the path.`
        : code === 'EACCES'
          ? `the server's user cannot read ${path}. Give that user the right to read it.`
          : `${path} cannot be read (${String(code)}). Correct the path.`;
    throw new CordonError('invalid_input', `${variable}: ${why}`, {}, error);
  }
}

function parseCertificate(pem: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    const text = `CORDON_ADMIN_CERTIFICATE: ${path} has no certificate in PEM form. Name a file that begins with -----BEGIN CERTIFICATE-----.`;
    throw new CordonError('invalid_input', text, {}, error);
  }
}

function parseKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const text = pem.includes('ENCRYPTED')
      ? `${path} is encrypted with a passphrase. Decrypt it with: openssl pkey -in ${path} -out decrypted.key`
      : `${path} has no private key in PEM form. Name a file that begins with -----BEGIN PRIVATE KEY-----.`;
    throw new CordonError('invalid_input', `CORDON_ADMIN_KEY: ${text}`, {}, error);
  }
}
