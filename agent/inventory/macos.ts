/** Inventory of a macOS machine, from programs of the system. Tests parse recorded outputs; no test runs on macOS. */
import { z } from 'zod';
import { MOST_USERS, type Sections } from '../../shared/inventory/inventory.ts';
import { cleanText, type SoftwareEntry } from '../../shared/inventory/software.ts';
import { type Collectors, entryOf, known, positive } from './collect.ts';
import { certificatesIn, networkOf, sortedCertificates, systemOf } from './machine.ts';
import { runUntranslated as run } from './run-program.ts';

const SLOW = { within: 120_000 };

export const macosCollectors: Collectors = {
  system: async () => {
    const hardware = await run('system_profiler', ['-json', 'SPHardwareDataType'], SLOW);
    const version = await run('sw_vers', ['-productVersion']);
    const boot = await run('sysctl', ['-n', 'kern.boottime']);
    return hardware === null ? null : parseMacSystem(hardware, version ?? '', boot ?? '');
  },
  disks: async () => {
    const volumes = await run('system_profiler', ['-json', 'SPStorageDataType'], SLOW);
    const vault = await run('fdesetup', ['status'], { codes: [1, 2] });
    return volumes === null ? null : parseMacDisks(volumes, vault ?? '');
  },
  battery: async () => {
    const output = await run('system_profiler', ['-json', 'SPPowerDataType'], SLOW);
    return output === null ? null : parseMacBattery(output);
  },
  updates: async () => {
    // `softwareupdate --list` asks Apple's servers. The preference has the result of the system's own last check.
    const output = await run(
      'defaults',
      ['read', '/Library/Preferences/com.apple.SoftwareUpdate', 'LastUpdatesAvailable'],
      { codes: [1] },
    );
    return output === null ? null : parseMacUpdates(output);
  },
  security: async () => {
    const output = await run('/usr/libexec/ApplicationFirewall/socketfilterfw', ['--getglobalstate']);
    return output === null ? null : { firewall: parseMacFirewall(output), secureBoot: null };
  },
  software: async () => {
    const output = await run('system_profiler', ['-json', 'SPApplicationsDataType'], SLOW);
    return output === null ? null : parseMacSoftware(output);
  },
  users: async () => {
    const users = await run('dscl', ['.', '-list', '/Users', 'UniqueID']);
    const admins = await run('dscl', ['.', '-read', '/Groups/admin', 'GroupMembership']);
    return users === null ? null : parseMacUsers(users, admins ?? '');
  },
  network: async () => networkOf(),
  certificates: async () => {
    const output = await run('security', ['find-certificate', '-a', '-p', '/Library/Keychains/System.keychain']);
    return output === null ? null : sortedCertificates(certificatesIn(output, 'trust'));
  },
};

const hardwareSchema = z.object({
  SPHardwareDataType: z
    .array(
      z.object({
        machine_model: z.string().optional(),
        serial_number: z.string().optional(),
        platform_UUID: z.string().optional(),
      }),
    )
    .min(1),
});

/** Parses facts about the system. `boot`: output of `sysctl kern.boottime`, such as `{ sec = 1764400000, usec = 0 } Sat Nov 29 …`. */
export function parseMacSystem(hardware: string, version: string, boot: string): NonNullable<Sections['system']> {
  const [machine] = hardwareSchema.parse(JSON.parse(hardware)).SPHardwareDataType;
  const seconds = /sec = (\d+)/.exec(boot)?.[1];
  return systemOf(
    { id: 'macos', version: known(version, 64), distro: 'macOS', release: known(version) },
    {
      manufacturer: 'Apple',
      model: known(machine?.machine_model),
      serial: known(machine?.serial_number),
      uuid: known(machine?.platform_UUID, 64),
    },
    seconds === undefined ? null : Number(seconds) * 1000,
  );
}

const storageSchema = z.object({
  SPStorageDataType: z.array(
    z.object({ _name: z.string(), mount_point: z.string().optional(), size_in_bytes: z.number().optional() }),
  ),
});

/** FileVault encrypts the volume of the system. The output does not show whether another volume is encrypted. */
export function parseMacDisks(volumes: string, vault: string): NonNullable<Sections['disks']> {
  const fileVault = /FileVault is On/.test(vault) ? true : /FileVault is Off/.test(vault) ? false : null;
  const disks = storageSchema.parse(JSON.parse(volumes)).SPStorageDataType.slice(0, 64);
  return disks.map(({ _name, mount_point, size_in_bytes }) => ({
    name: cleanText(_name, 128),
    size: positive(size_in_bytes),
    encrypted: mount_point === '/' || mount_point === '/System/Volumes/Data' ? fileVault : null,
  }));
}

const powerSchema = z.object({
  SPPowerDataType: z.array(
    z.object({
      _name: z.string(),
      sppower_battery_charge_info: z
        .object({
          sppower_battery_state_of_charge: z.number().optional(),
          sppower_battery_is_charging: z.string().optional(),
          sppower_battery_fully_charged: z.string().optional(),
        })
        .optional(),
      sppower_battery_health_info: z
        .object({
          sppower_battery_cycle_count: z.int().optional(),
          sppower_battery_health_maximum_capacity: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

export function parseMacBattery(output: string): NonNullable<Sections['battery']> {
  return powerSchema.parse(JSON.parse(output)).SPPowerDataType.flatMap((part) => {
    const charge = part.sppower_battery_charge_info;
    if (!charge) return [];
    const health = Number.parseInt(part.sppower_battery_health_info?.sppower_battery_health_maximum_capacity ?? '', 10);
    const isCharging = charge.sppower_battery_is_charging === 'TRUE';
    const isFull = charge.sppower_battery_fully_charged === 'TRUE';
    return [
      {
        name: cleanText(part._name, 64),
        percent: charge.sppower_battery_state_of_charge ?? null,
        health: Number.isNaN(health) ? null : health,
        cycles: part.sppower_battery_health_info?.sppower_battery_cycle_count ?? null,
        state: isCharging ? ('charging' as const) : isFull ? ('full' as const) : ('discharging' as const),
      },
    ];
  });
}

export function parseMacUpdates(output: string): NonNullable<Sections['updates']> {
  const count = /^\s*(\d+)\s*$/.exec(output)?.[1];
  const pending = count === undefined ? null : Number(count);
  return { checkedAt: null, pending, security: null, restart: null, packages: [] };
}

export function parseMacFirewall(output: string): boolean | null {
  const state = /State = (\d)/.exec(output)?.[1];
  return state === undefined ? null : state !== '0';
}

const applicationsSchema = z.object({
  SPApplicationsDataType: z.array(z.object({ _name: z.string(), version: z.string().optional() })),
});

export const parseMacSoftware = (output: string): SoftwareEntry[] =>
  applicationsSchema
    .parse(JSON.parse(output))
    .SPApplicationsDataType.flatMap(({ _name, version }) => entryOf('macos', _name, version));

/** Accounts of people have a number from 501, and no leading underscore. */
export function parseMacUsers(users: string, admins: string): NonNullable<Sections['users']> {
  const adminNames = new Set(admins.split(/[\s:]+/));
  return users
    .split('\n')
    .flatMap((line) => {
      const [, name, id] = /^(\S+)\s+(-?\d+)$/.exec(line.trim()) ?? [];
      if (name === undefined || name.startsWith('_') || (Number(id) < 501 && id !== '0')) return [];
      return [{ name: cleanText(name, 64), admin: adminNames.has(name) }];
    })
    .slice(0, MOST_USERS);
}
