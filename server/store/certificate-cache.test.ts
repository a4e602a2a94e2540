import { expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { CertificateCache } from './certificate-cache.ts';

const rowOf = (fingerprint: string, device = newDeviceId()) => ({
  serial: fingerprint,
  fingerprint,
  profile: 'device',
  generation: 1,
  notBefore: 0,
  notAfter: 1,
  revokedAt: null,
  supersededAt: null,
  device,
  issuedAt: 1,
  deviceStatus: 'active' as const,
  deviceGeneration: 1,
  renews: false,
});

it('has at most one certificate of each device, and a bounded number of devices', () => {
  const cache = new CertificateCache(2);
  const first = rowOf('a');
  const renewed = rowOf('b', first.device);
  cache.add(first, cache.revision);
  cache.add(renewed, cache.revision);
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, renewed]);
  cache.add(rowOf('c'), cache.revision);
  cache.add(rowOf('d'), cache.revision);
  expect(['b', 'c', 'd'].map((fingerprint) => cache.get(fingerprint)?.fingerprint)).toEqual([undefined, 'c', 'd']);
});

it('has no certificate of a device whose enrollment changes, and none that was read before the change ended', () => {
  const cache = new CertificateCache();
  const row = rowOf('a');
  cache.add(row, cache.revision);
  const { revision } = cache;
  cache.begin(row.device);
  cache.add(row, cache.revision);
  expect(cache.get('a')).toBeUndefined();
  cache.end(row.device, 'committed');
  cache.add(row, revision);
  expect(cache.get('a')).toBeUndefined();
  cache.add(row, cache.revision);
  expect(cache.get('a')).toBe(row);
});
