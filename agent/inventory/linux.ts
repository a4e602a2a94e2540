/** Inventory of a Linux machine, from the files of the kernel and of the distribution, and from its package managers. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  MOST_CERTIFICATES,
  MOST_DISKS,
  MOST_UPDATES,
  MOST_USERS,
  type Sections,
} from '../../shared/inventory/inventory.ts';
import { cleanText } from '../../shared/inventory/software.ts';
import { type Collectors, known, positive } from './collect.ts';
import { linuxSoftware } from './linux-software.ts';
import { certificatesIn, networkOf, sortedCertificates, systemOf } from './machine.ts';
import { runUntranslated } from './run-program.ts';

const LARGEST_FILE = 256 * 1024;

export const linuxCollectors: Collectors = {
  system: async () => {
    const release = parseOsRelease((await textOf('/etc/os-release')) ?? '');
    const firmware = (name: string) => textOf(`/sys/class/dmi/id/${name}`);
    return systemOf(
      {
        id: known(release.get('ID'), 64),
        version: known(release.get('VERSION_ID'), 64),
        distro: known(release.get('NAME')),
        release: known(release.get('VERSION_ID')),
      },
      {
        manufacturer: known(await firmware('sys_vendor')),
        model: known(await firmware('product_name')),
        serial: known(await firmware('product_serial')),
        uuid: known(await firmware('product_uuid'), 64),
      },
      bootTimeIn((await textOf('/proc/stat', 4 * LARGEST_FILE)) ?? ''),
    );
  },
  disks: async () => {
    const output = await runUntranslated('lsblk', ['--json', '--bytes', '--output', 'NAME,TYPE,SIZE,FSTYPE']);
    return output === null ? null : parseLsblk(output);
  },
  battery: linuxBatteries,
  updates: linuxUpdates,
  security: async () => ({ firewall: await linuxFirewall(), secureBoot: await secureBoot() }),
  software: () => linuxSoftware(),
  users: async () => parseUsers((await textOf('/etc/passwd')) ?? '', (await textOf('/etc/group')) ?? ''),
  network: async () => networkOf(),
  certificates: linuxCertificates,
};

/** Content of a file; null if it is absent, not readable for the agent, or too large. */
async function textOf(path: string, most = LARGEST_FILE): Promise<string | null> {
  try {
    const text = await readFile(path, 'utf8');
    return text.length > most ? null : text;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** True if a file is absent, or hidden from the agent. Several files of the firmware are readable only for root. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'ENODEV', 'EIO', 'EINVAL'].includes(String(error.code));

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
}

/** Values of os-release(5). */
export function parseOsRelease(text: string): Map<string, string> {
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const [, name, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) return [];
    const quoted = /^(["'])(.*)\1$/.exec(value);
    return [[name, (quoted?.[2] ?? value).replaceAll(/\\(["'\\$`])/g, '$1')]];
  });
  return new Map(pairs);
}

/** Time at which the operating system last started (proc(5), `btime`). */
export function bootTimeIn(stat: string): number | null {
  const seconds = Number(/^btime (\d+)$/m.exec(stat)?.[1]);
  return Number.isSafeInteger(seconds) ? seconds * 1000 : null;
}

interface Block {
  readonly name: string;
  readonly type: string;
  readonly size: number | null;
  readonly fstype?: string | null | undefined;
  readonly children?: readonly Block[] | undefined;
}

const blockSchema: z.ZodType<Block> = z.lazy(() =>
  z.object({
    name: z.string(),
    type: z.string(),
    size: z.coerce.number().nullable(),
    fstype: z.string().nullish(),
    children: z.array(blockSchema).optional(),
  }),
);
const lsblkSchema = z.object({ blockdevices: z.array(blockSchema) });

export function parseLsblk(output: string): NonNullable<Sections['disks']> {
  const isEncrypted = ({ type, fstype, children = [] }: Block): boolean =>
    type === 'crypt' || fstype === 'crypto_LUKS' || children.some(isEncrypted);
  return lsblkSchema
    .parse(JSON.parse(output))
    .blockdevices.filter(({ type }) => type === 'disk')
    .slice(0, MOST_DISKS)
    .map((disk) => ({
      name: cleanText(disk.name, 128),
      size: positive(disk.size),
      // A LUKS layer proves disk encryption. A missing LUKS layer proves nothing, because the disk may encrypt itself.
      encrypted: isEncrypted(disk) ? true : null,
    }));
}

async function linuxBatteries(): Promise<NonNullable<Sections['battery']>> {
  const folder = '/sys/class/power_supply';
  const batteries: NonNullable<Sections['battery']> = [];
  for (const name of (await namesIn(folder)).filter((each) => /^(BAT|CMB)/.test(each)).slice(0, 8)) {
    const value = async (file: string) => (await textOf(join(folder, name, file)))?.trim() ?? null;
    const number = async (...files: string[]) => {
      for (const file of files) {
        const text = await value(file);
        if (text !== null && /^\d+$/.test(text)) return Number(text);
      }
      return null;
    };
    const full = await number('energy_full', 'charge_full');
    const design = await number('energy_full_design', 'charge_full_design');
    const percent = await number('capacity');
    const status = (await value('status'))?.toLowerCase();
    batteries.push({
      name: cleanText(name, 64),
      percent: percent === null ? null : Math.min(100, percent),
      health: full !== null && design ? Math.min(200, Math.round((100 * full) / design)) : null,
      cycles: await number('cycle_count'),
      state: status === 'charging' || status === 'discharging' || status === 'full' ? status : 'unknown',
    });
  }
  return batteries;
}

type Updates = NonNullable<Sections['updates']>;

async function linuxUpdates(): Promise<Updates | null> {
  // The option `--simulate` changes nothing, needs no lock and uses no network. It compares the installed packages with the lists that the
  // system fetched last.
  const apt = await runUntranslated(
    'apt-get',
    ['--simulate', '-o', 'Debug::NoLocking=true', '--with-new-pkgs', 'upgrade'],
    { within: 60_000 },
  );
  if (apt !== null) {
    const restart = (await changedAt('/var/run/reboot-required')) !== null;
    return { ...parseAptUpdates(apt), checkedAt: await changedAt('/var/lib/apt/lists'), restart };
  }
  const dnf = await runUntranslated('dnf', ['--quiet', '--cacheonly', 'check-update'], {
    within: 60_000,
    codes: [100],
  });
  return dnf === null ? null : { ...parseDnfUpdates(dnf), checkedAt: await changedAt('/var/cache/dnf'), restart: null };
}

async function changedAt(path: string): Promise<number | null> {
  try {
    return Math.round((await stat(path)).mtimeMs);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

type ParsedUpdates = Pick<Updates, 'pending' | 'security' | 'packages'>;

/**
 * Parses the updates in the output of apt. Example of a line: `Inst libssl3 [3.0.15-1] (3.0.16-1 Debian-Security:12/stable-security
 * [amd64])`.
 */
export function parseAptUpdates(output: string): ParsedUpdates {
  const found = [...output.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ([^)]*)\)/gm)];
  return {
    pending: found.length,
    security: found.filter(([, , , from = '']) => /security/i.test(from)).length,
    packages: updatePackages(found.map(([, name = '', version = '']) => [name, version])),
  };
}

/**
 * Parses the updates in the output of dnf. Example of a line: `openssl.x86_64 1:3.0.7-28.el9 baseos`. The list of obsoleted packages
 * follows. dnf does not mark security updates.
 */
export function parseDnfUpdates(output: string): ParsedUpdates {
  const [updates = ''] = output.split(/^Obsoleting Packages/m);
  const found = [...updates.matchAll(/^(\S+)\.\S+\s+(\S+)\s+\S+\s*$/gm)];
  const packages = updatePackages(found.map(([, name = '', version = '']) => [name, version]));
  return { pending: found.length, security: null, packages };
}

const updatePackages = (found: readonly (readonly [string, string])[]): Updates['packages'] =>
  found
    .slice(0, MOST_UPDATES)
    .map(([name, version]) => ({ name: cleanText(name, 128), version: cleanText(version, 128) }));

const FIREWALLS = ['firewalld', 'ufw', 'nftables'];

/** True if a firewall service is active. Null without systemd. */
async function linuxFirewall(): Promise<boolean | null> {
  const output = await runUntranslated('systemctl', ['is-active', ...FIREWALLS], { codes: [1, 3, 4] });
  const states = (output ?? '').split('\n').map((line) => line.trim());
  if (states.includes('active')) return true;
  return states.includes('inactive') || states.includes('failed') ? false : null;
}

async function secureBoot(): Promise<boolean | null> {
  try {
    const value = await readFile('/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c');
    return value.at(-1) === 1;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** Accounts of people and root: those with a shell. The groups `sudo`, `wheel` and `admin` may administer the device. */
export function parseUsers(passwd: string, group: string): NonNullable<Sections['users']> {
  const groups = group.split('\n').map((line) => line.split(':'));
  const admins = groups.filter(([name = '']) => ['sudo', 'wheel', 'admin'].includes(name));
  const adminNames = new Set(admins.flatMap(([, , , members = '']) => members.split(',')));
  const adminIds = new Set(admins.map(([, , id]) => id));
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name = '', , id = '', , , , shell = '']) => {
      const number = Number(id);
      const isPerson = number === 0 || (number >= 1000 && number < 65_534);
      return name !== '' && isPerson && !/(nologin|false|sync)$/.test(shell);
    })
    .map(([name = '', , id = '', groupId]) => ({
      name: cleanText(name, 64),
      admin: id === '0' || adminNames.has(name) || adminIds.has(groupId),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MOST_USERS);
}

/** Folders of certificates that an admin of the device added (update-ca-certificates(8), update-ca-trust(8)). */
const TRUST_FOLDERS = ['/usr/local/share/ca-certificates', '/etc/pki/ca-trust/source/anchors'];
const SERVER_FOLDER = '/etc/letsencrypt/live';

async function linuxCertificates(): Promise<NonNullable<Sections['certificates']>> {
  const trusted = await Promise.all(
    TRUST_FOLDERS.map(async (folder) =>
      (await namesIn(folder)).slice(0, MOST_CERTIFICATES).map((name) => join(folder, name)),
    ),
  );
  const own = (await namesIn(SERVER_FOLDER))
    .slice(0, MOST_CERTIFICATES)
    .map((name) => join(SERVER_FOLDER, name, 'cert.pem'));
  const found: NonNullable<Sections['certificates']> = [];
  for (const file of trusted.flat()) found.push(...certificatesIn((await textIfFile(file)) ?? '', 'trust'));
  for (const file of own) found.push(...certificatesIn((await textIfFile(file)) ?? '', 'server'));
  return sortedCertificates(found);
}

async function textIfFile(path: string): Promise<string | null> {
  const isFile = await stat(path).then(
    (found) => found.isFile() && found.size <= LARGEST_FILE,
    () => false,
  );
  return isFile ? textOf(path) : null;
}
