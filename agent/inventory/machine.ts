/** Data about the machine that Node.js knows on every platform. */
import { X509Certificate } from 'node:crypto';
import { arch, cpus, hostname, networkInterfaces, platform, release, totalmem } from 'node:os';
import { MOST_ADAPTERS, MOST_CERTIFICATES, type Sections, type System } from '../../shared/inventory/inventory.ts';
import { cleanText } from '../../shared/inventory/software.ts';
import { AGENT_VERSION } from '../version.ts';
import { known, positive } from './collect.ts';

type Os = System['os'];
type Hardware = System['hardware'];

export function systemOf(
  os: Pick<Os, 'id' | 'version' | 'distro' | 'release'>,
  hardware: Pick<Hardware, 'manufacturer' | 'model' | 'serial' | 'uuid'>,
  bootedAt: number | null,
): System {
  const processors = cpus();
  return {
    agent: AGENT_VERSION,
    hostname: known(hostname(), 255),
    os: { platform: platform(), ...os, kernel: known(release()), arch: arch() },
    hardware: {
      ...hardware,
      cpu: known(processors[0]?.model),
      cores: positive(processors.length),
      memory: positive(totalmem()),
    },
    bootedAt,
  };
}

export function networkOf(): NonNullable<Sections['network']> {
  const adapters = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const outside = addresses.filter(({ internal }) => !internal);
    const [first] = outside;
    if (!first) return [];
    return [
      {
        name: cleanText(name, 64),
        mac: known(first.mac, 32),
        addresses: outside
          .map(({ address }) => address.slice(0, 64))
          .sort()
          .slice(0, 16),
      },
    ];
  });
  return adapters.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MOST_ADAPTERS);
}

type Certificates = NonNullable<Sections['certificates']>;

/** Facts of certificates in PEM. A block that is no certificate is left out, because such folders also contain other files. */
export function certificatesIn(pem: string, use: Certificates[number]['use']): Certificates {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]{1,20000}-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, MOST_CERTIFICATES).flatMap((block) => {
    try {
      const { subject, issuer, validTo, fingerprint256 } = new X509Certificate(block);
      const notAfter = Math.max(0, Date.parse(validTo) || 0);
      const name = (text: string) => cleanText(text.replaceAll('\n', ', '), 200);
      return [
        {
          subject: name(subject),
          issuer: name(issuer),
          notAfter,
          sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
          use,
        },
      ];
    } catch (error) {
      if (error instanceof Error) return [];
      throw error;
    }
  });
}

export const sortedCertificates = (certificates: Certificates): Certificates =>
  [...new Map(certificates.map((each) => [each.sha256, each])).values()]
    .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
    .slice(0, MOST_CERTIFICATES);
