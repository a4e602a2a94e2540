import { days, HOSTNAME, TIMES, VERSION } from './story.ts';

/** Inventory of the example device. */
export const inventoryOfDevice = {
  at: TIMES.now - 3_600_000,
  system: {
    agent: VERSION,
    hostname: HOSTNAME,
    os: {
      platform: 'linux',
      id: 'ubuntu',
      version: '24.04',
      distro: 'Ubuntu',
      release: '24.04',
      kernel: '6.8.0-94-generic',
      arch: 'x64',
    },
    hardware: {
      manufacturer: 'LENOVO',
      model: 'ThinkPad T14 Gen 5',
      serial: 'EXAMPLE1',
      uuid: null,
      cpu: 'Intel Core Ultra 5 125U',
      cores: 12,
      memory: 34_359_738_368,
    },
    bootedAt: TIMES.now - days(3),
  },
  disks: [{ name: 'nvme0n1', size: 512_110_190_592, encrypted: true }],
  battery: [{ name: 'BAT0', percent: 81, health: 94, cycles: 212, state: 'discharging' }],
  updates: {
    checkedAt: TIMES.now - days(1),
    pending: 2,
    security: 1,
    restart: false,
    packages: [
      { name: 'libssl3t64', version: '3.0.13-0ubuntu3.6' },
      { name: 'tzdata', version: '2026a-0ubuntu0.24.04' },
    ],
  },
  security: { firewall: true, secureBoot: true },
  users: [{ name: 'bilal', admin: false }],
  network: [{ name: 'wlan0', mac: '00:00:5e:00:53:01', addresses: ['192.0.2.17'] }],
  missing: { certificates: 'off' },
};
