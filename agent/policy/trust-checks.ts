/** Check of the certificates that the system trusts. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isMissing } from '../workspace/disk.ts';
import { type CheckOutcome, met, notMet, unknown } from './checks.ts';

/** Files with the trusted certificates on Debian, Fedora and openSUSE. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/var/lib/ca-certificates/ca-bundle.pem',
];
const IN_PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const derOf = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, '');

export async function checkTrusted(
  wanted: readonly string[],
  bundles: readonly string[] = BUNDLES,
): Promise<CheckOutcome> {
  const texts = (await Promise.all(bundles.map(textOf))).filter((text) => text !== null);
  if (texts.length === 0) return unknown('The system has no known bundle of trusted certificates.');
  const trusted = new Set(texts.flatMap((text) => (text.match(IN_PEM) ?? []).map(derOf)));
  const missing = wanted.filter((pem) => !trusted.has(derOf(pem)));
  if (missing.length === 0) return met('The system trusts all certificates.');
  return notMet(`Not trusted: ${missing.map(subjectOf).join('; ')}.`);
}

function subjectOf(pem: string): string {
  try {
    return new X509Certificate(pem).subject.replaceAll('\n', ', ');
  } catch {
    // The catalog has checked only the form of the text, so the certificate may be unreadable.
    return 'an unreadable certificate';
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
