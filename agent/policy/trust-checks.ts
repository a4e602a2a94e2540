/** Checks of the certificates that the system trusts, and of the connections of NetworkManager. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { NETWORK_TYPES } from '../../shared/policy/managed-files.ts';
import { runUntranslated } from '../inventory/run-program.ts';
import { isMissing } from '../workspace/disk.ts';
import { type CheckOutcome, met, notMet, unknown } from './checks.ts';

const ONLY_CHECKED = 'Cordon only checks connections, and does not add them.';

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

type NetworkType = (typeof NETWORK_TYPES)[number];
const NM_TYPES: Readonly<Record<NetworkType, string>> = {
  wifi: '802-11-wireless',
  vpn: 'vpn',
  wireguard: 'wireguard',
  ethernet: '802-3-ethernet',
};
const KEYFILES = '/etc/NetworkManager/system-connections';

export async function checkNetworks(wanted: Readonly<Record<string, NetworkType>>): Promise<CheckOutcome> {
  const output = await runUntranslated('nmcli', ['--terse', '--fields', 'NAME,TYPE', 'connection', 'show']).catch(
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  if (typeof output === 'string') return judgeNetworks(wanted, output);
  const names = await keyfiles();
  if (names === null) return unknown(output === null ? 'NetworkManager is not installed.' : `${output.message}.`);
  const missing = Object.keys(wanted).filter((name) => !names.has(name));
  return missing.length > 0
    ? notMet(`Missing: ${missing.join(', ')}. ${ONLY_CHECKED}`)
    : unknown('The keyfiles exist, but only nmcli can tell their types.');
}

/**
 * Compares the connections of NetworkManager with the wanted ones. `output`: one line for each connection, with a backslash before each
 * colon of a name (nmcli(1), `--escape`).
 */
export function judgeNetworks(wanted: Readonly<Record<string, NetworkType>>, output: string): CheckOutcome {
  const found = new Map(
    output.split('\n').flatMap((line): [string, string][] => {
      const [, name, type] = /^(.*):([^:]+)$/.exec(line) ?? [];
      return name === undefined || type === undefined ? [] : [[name.replaceAll(/\\(.)/g, '$1'), type]];
    }),
  );
  const problems = Object.entries(wanted).flatMap(([name, type]) => {
    const known = found.get(name);
    if (known === undefined) return [`${name} is missing`];
    return known === NM_TYPES[type] ? [] : [`${name} has the type ${known}`];
  });
  return problems.length === 0 ? met('All connections exist.') : notMet(`${problems.join('; ')}. ${ONLY_CHECKED}`);
}

async function keyfiles(): Promise<ReadonlySet<string> | null> {
  try {
    return new Set((await readdir(KEYFILES)).map((name) => name.replace(/\.nmconnection$/, '')));
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'EACCES')) return null;
    throw error;
  }
}
