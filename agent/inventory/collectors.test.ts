/** Collectors: this Linux machine, and recorded outputs of programs of Windows, macOS and other distributions. */
import { expect, it } from 'vitest';
import { sectionsSchema } from '../../shared/inventory/inventory.ts';
import { SECTIONS } from '../../shared/inventory/sections.ts';
import { known } from './collect.ts';
import { bootTimeIn, parseAptUpdates, parseDnfUpdates, parseLsblk, parseOsRelease, parseUsers } from './linux.ts';
import { parseDpkg, parseFlatpak, parseRpm, parseSnap } from './linux-software.ts';
import { machineInventory } from './machine-inventory.ts';
import {
  parseMacBattery,
  parseMacDisks,
  parseMacFirewall,
  parseMacSoftware,
  parseMacSystem,
  parseMacUpdates,
  parseMacUsers,
} from './macos.ts';
import { runProgram } from './run-program.ts';
import {
  parseWindowsBattery,
  parseWindowsDisks,
  parseWindowsSecurity,
  parseWindowsSoftware,
  parseWindowsSystem,
  parseWindowsUpdates,
  parseWindowsUsers,
} from './windows.ts';

it('describes this machine within the limits of the protocol, and reads no section that is not wanted', async () => {
  const failures: string[] = [];
  const collect = machineInventory(process.platform, (section, error) => failures.push(`${section} ${error}`));
  const wanted = new Set(SECTIONS.filter((section) => section !== 'updates' && section !== 'users'));
  const state = await collect(wanted);
  expect(failures).toEqual([]);
  const sections = sectionsSchema.parse(state.sections);
  expect(sections.system?.os.platform).toBe(process.platform);
  expect(sections.system?.hardware.memory).toBeGreaterThan(0);
  expect(sections).not.toHaveProperty('users');
  expect(state.software.some(([source, name]) => source === 'dpkg' && name === 'dpkg')).toBe(true);
});

it('knows only what Node knows on another platform', async () => {
  const state = await machineInventory('sunos', () => undefined)(new Set(SECTIONS));
  expect(state.missing).toMatchObject({ software: 'unsupported', disks: 'unsupported' });
  expect(state.sections.system?.hardware.cores).toBeGreaterThan(0);
});

it('ends a program that does not end by itself, and one that prints too much', async () => {
  await expect(runProgram('sleep', ['60'], { within: 50 })).rejects.toThrow('did not end in time');
  await expect(runProgram('yes', [], { most: 1000 })).rejects.toThrow('failed');
  expect(await runProgram('cordon-no-such-program', [])).toBeNull();
  // A shell would run the second command.
  expect(await runProgram('echo', ['a; echo b'])).toBe('a; echo b\n');
});

it.each([
  ['', null],
  [' - ', null],
  ['To Be Filled By O.E.M.', null],
  ['Default string', null],
  ['PF3XYZ12', 'PF3XYZ12'],
  ['a\u0007b', 'a b'],
])('reads %j as %j, with null for unknown values', (said, meant) => {
  expect(known(said)).toBe(meant);
});

it('reads packages of Linux', () => {
  const dpkg = [
    'ii \tlibssl3\t3.0.15-1~deb12u1\tamd64\topenssl\t3.0.15-1~deb12u1',
    'ii \tlibc6\t2.36-9\ti386\tglibc\t2.36-9',
    'hi \tg++\t4:12.2.0-3\tamd64\tgcc-defaults\t1.203',
    'rc \tremoved\t1\tamd64\tremoved\t1',
    'ii \ttzdata\t2024a\tall\ttzdata\t2024a',
  ].join('\n');
  expect(parseDpkg(dpkg, 'amd64')).toEqual([
    ['dpkg', 'libssl3', '3.0.15-1~deb12u1', 'openssl'],
    ['dpkg', 'libc6:i386', '2.36-9', 'glibc'],
    ['dpkg', 'g++', '4:12.2.0-3', 'gcc-defaults 1.203'],
    ['dpkg', 'tzdata', '2024a', ''],
  ]);
  const rpm = 'openssl\t1\t3.0.7-28.el9\nkernel\t0\t5.14.0-1\nkernel\t0\t5.14.0-2\ngpg-pubkey\t0\tx-y\n';
  expect(parseRpm(rpm).map(([, name, version]) => `${name} ${version}`)).toEqual([
    'openssl 1:3.0.7-28.el9',
    'kernel 5.14.0-1',
    'kernel 5.14.0-2',
  ]);
  expect(parseFlatpak('org.gimp.GIMP\t2.10.38\tstable\norg.gnome.Platform\t\t46\n')).toEqual([
    ['flatpak', 'org.gimp.GIMP', '2.10.38', ''],
    ['flatpak', 'org.gnome.Platform', '46', ''],
  ]);
  const snap =
    'Name    Version  Rev    Tracking       Publisher   Notes\ncore22  20240111 1122   latest/stable  canonical** base\n';
  expect(parseSnap(snap)).toEqual([['snap', 'core22', '20240111', '']]);
});

it('reads disks, updates and accounts of Linux', () => {
  const luks = { name: 'root', type: 'crypt', size: 5, fstype: 'ext4' };
  const blockdevices = [
    {
      name: 'nvme0n1',
      type: 'disk',
      size: 10,
      fstype: null,
      children: [{ name: 'p1', type: 'part', size: 5, fstype: 'crypto_LUKS', children: [luks] }],
    },
    { name: 'sda', type: 'disk', size: '7', fstype: 'ext4' },
    { name: 'loop0', type: 'loop', size: 1, fstype: null },
  ];
  expect(parseLsblk(JSON.stringify({ blockdevices }))).toEqual([
    { name: 'nvme0n1', size: 10, encrypted: true },
    { name: 'sda', size: 7, encrypted: null },
  ]);
  const apt = `Reading package lists...
Inst libssl3 [3.0.14-1] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64]) []
Inst tzdata [2024a] (2024b Debian:12.7/stable [all])
Inst new-package (1.0 Debian:12.7/stable [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])`;
  expect(parseAptUpdates(apt)).toMatchObject({ pending: 3, security: 1 });
  const dnf = `
openssl.x86_64                1:3.0.7-28.el9            baseos
openssl-libs.x86_64           1:3.0.7-28.el9            baseos
Obsoleting Packages
a.noarch  1-1  b`;
  expect(parseDnfUpdates(dnf)).toEqual({
    pending: 2,
    security: null,
    packages: [
      { name: 'openssl', version: '1:3.0.7-28.el9' },
      { name: 'openssl-libs', version: '1:3.0.7-28.el9' },
    ],
  });
  const passwd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
amina:x:1000:1000::/home/amina:/bin/bash
bilal:x:1001:1001::/home/bilal:/bin/zsh
service:x:1002:1002::/srv:/usr/sbin/nologin`;
  expect(parseUsers(passwd, 'root:x:0:\nsudo:x:27:amina\nbilal:x:1001:')).toEqual([
    { name: 'amina', admin: true },
    { name: 'bilal', admin: false },
    { name: 'root', admin: true },
  ]);
  expect(parseOsRelease('ID=debian\nNAME="Debian \\"GNU\\" Linux"\n# comment\nVERSION_ID=\'12\'').get('NAME')).toBe(
    'Debian "GNU" Linux',
  );
  expect(bootTimeIn('cpu 1 2\nbtime 1764400000\n')).toBe(1_764_400_000_000);
});

it('reads the recorded output of PowerShell scripts', () => {
  const system = parseWindowsSystem(
    '{"caption":"Microsoft Windows 11 Enterprise","version":"10.0.26100","booted":"2026-11-20T06:31:02.5000000Z","manufacturer":"LENOVO","model":"21ML","serial":"PF5","uuid":"4C4C4544-0000-2010-8020-80C04F202020"}',
  );
  expect(system).toMatchObject({
    os: { id: 'windows', version: '10.0.26100', distro: 'Microsoft Windows 11 Enterprise' },
    hardware: { manufacturer: 'LENOVO', serial: 'PF5' },
    bootedAt: Date.parse('2026-11-20T06:31:03Z'),
  });
  expect(
    parseWindowsDisks('[{"name":"C:","size":510000000000,"protection":1},{"name":"D:","size":100,"protection":null}]'),
  ).toEqual([
    { name: 'C:', size: 510_000_000_000, encrypted: true },
    { name: 'D:', size: 100, encrypted: null },
  ]);
  expect(parseWindowsBattery('')).toEqual([]);
  expect(parseWindowsBattery('{"name":"BAT","percent":80,"status":1}')).toMatchObject([
    { percent: 80, state: 'discharging' },
  ]);
  expect(
    parseWindowsUpdates(
      '{"updates":[{"title":"2026-11 Cumulative Update","severity":"Critical"},{"title":"Driver","severity":null}],"restart":true}',
    ),
  ).toMatchObject({ pending: 2, security: 1, restart: true });
  expect(parseWindowsUpdates('{"updates":[],"restart":false}')).toMatchObject({ pending: 0, security: 0 });
  expect(parseWindowsSecurity('{"firewall":[true,true,false],"secureBoot":true}')).toEqual({
    firewall: false,
    secureBoot: true,
  });
  expect(
    parseWindowsSoftware('[{"name":"7-Zip 24.08 (x64)","version":"24.08"},{"name":"Tool","version":null}]'),
  ).toEqual([
    ['windows', '7-Zip 24.08 (x64)', '24.08', ''],
    ['windows', 'Tool', '', ''],
  ]);
  expect(parseWindowsUsers('{"name":"amina","admin":false}')).toEqual([{ name: 'amina', admin: false }]);
});

it('reads the recorded output of programs of macOS', () => {
  const hardware = JSON.stringify({
    SPHardwareDataType: [{ machine_model: 'Mac15,6', serial_number: 'C02X', platform_UUID: 'A-B' }],
  });
  expect(
    parseMacSystem(hardware, '15.1.1\n', '{ sec = 1764400000, usec = 12 } Sat Nov 29 07:06:40 2025'),
  ).toMatchObject({
    os: { id: 'macos', version: '15.1.1' },
    hardware: { model: 'Mac15,6', serial: 'C02X' },
    bootedAt: 1_764_400_000_000,
  });
  const volumes = JSON.stringify({
    SPStorageDataType: [
      { _name: 'Macintosh HD', mount_point: '/', size_in_bytes: 494_384_795_648 },
      { _name: 'Backup', mount_point: '/Volumes/Backup', size_in_bytes: 1000 },
    ],
  });
  expect(parseMacDisks(volumes, 'FileVault is On.\n').map(({ encrypted }) => encrypted)).toEqual([true, null]);
  const power = JSON.stringify({
    SPPowerDataType: [
      {
        _name: 'spbattery_information',
        sppower_battery_charge_info: { sppower_battery_state_of_charge: 71, sppower_battery_is_charging: 'TRUE' },
        sppower_battery_health_info: {
          sppower_battery_cycle_count: 88,
          sppower_battery_health_maximum_capacity: '97%',
        },
      },
      { _name: 'sppower_information' },
    ],
  });
  expect(parseMacBattery(power)).toMatchObject([{ percent: 71, health: 97, cycles: 88, state: 'charging' }]);
  expect(parseMacUpdates('3\n')).toMatchObject({ pending: 3, security: null });
  expect(parseMacUpdates('The domain/default pair does not exist')).toMatchObject({ pending: null });
  expect(parseMacFirewall('Firewall is enabled. (State = 1)')).toBe(true);
  expect(parseMacSoftware('{"SPApplicationsDataType":[{"_name":"Safari","version":"18.1"},{"_name":"X"}]}')).toEqual([
    ['macos', 'Safari', '18.1', ''],
    ['macos', 'X', '', ''],
  ]);
  expect(parseMacUsers('_spotlight  89\namina       501\nroot        0\n', 'GroupMembership: root amina\n')).toEqual([
    { name: 'amina', admin: true },
    { name: 'root', admin: true },
  ]);
});
