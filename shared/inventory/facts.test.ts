import { expect, it } from 'vitest';
import { FACT_NAMES, FACTS, factsOf } from './facts.ts';
import type { Inventory } from './inventory.ts';

const inventory: Inventory = {
  at: 1,
  system: {
    agent: '0.2.0',
    hostname: 'one',
    os: { platform: 'linux', id: 'debian', version: '12', distro: 'Debian', release: '12', kernel: null, arch: 'x64' },
    hardware: { manufacturer: 'A', model: 'B', serial: 'C', uuid: null, cpu: null, cores: 4, memory: 8 },
    bootedAt: 7,
  },
  missing: {},
};
const disk = (encrypted: boolean | null) => ({ name: 'sda', size: 1, encrypted });

it('knows nothing of a device without an inventory', () => {
  expect(Object.values(factsOf(null, null))).toEqual(FACT_NAMES.map(() => null));
});

it.each([
  ['no disk is known', undefined, null],
  ['every disk is encrypted', [disk(true), disk(true)], true],
  ['one disk is not encrypted', [disk(true), disk(false), disk(null)], false],
  ['one disk is unknown', [disk(true), disk(null)], null],
])('disk.encrypted when %s', (_, disks, encrypted) => {
  expect(factsOf({ ...inventory, ...(disks && { disks }) }, null)['disk.encrypted']).toBe(encrypted);
});

it.each([
  [{ pending: 3, security: 0 }, true],
  [{ pending: 3, security: 1 }, false],
  [{ pending: 0, security: null }, true],
  [{ pending: 2, security: null }, false],
  [{ pending: null, security: null }, null],
])('os.patched with updates %j', (updates, patched) => {
  const known = { checkedAt: null, restart: null, packages: [], ...updates };
  expect(factsOf({ ...inventory, updates: known }, null)['os.patched']).toBe(patched);
});

it('maps software names to versions, and counts users', () => {
  const users = [
    { name: 'root', admin: true },
    { name: 'amina', admin: false },
  ];
  const facts = factsOf({ ...inventory, users }, [['dpkg', 'bash', '5.2', '']]);
  expect(facts).toMatchObject({ software: { bash: '5.2' }, 'users.count': 2, 'users.admins': 1, 'os.bootedAt': 7 });
});

it('describes every fact', () => {
  for (const name of FACT_NAMES) expect(FACTS[name].meaning).toMatch(/^[A-Z].{3,}/);
});
