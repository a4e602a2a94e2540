/** Checks on Linux, with the programs and files of the system. Without root, some of them cannot be read; the result is then unknown. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { compareVersions } from '../../shared/inventory/compare-versions.ts';
import { runUntranslated } from '../inventory/run-program.ts';
import { type CheckOutcome, type Checks, met, notMet, unknown } from './checks.ts';
import { type FirewallState, parseIptables, parseNftables } from './firewall-rules.ts';
import { checkConnections, checkNames } from './network-checks.ts';
import { type InstalledPackages, softwareChecks } from './software-checks.ts';
import { checkTrusted } from './trust-checks.ts';

const WITHIN = 20_000;

/** Result of a program. `output`: null if the program is missing, failed, or lacked permission; `why` then says which of these. */
type Said = { readonly output: string; readonly why?: never } | { readonly output: null; readonly why: string };

async function ask(file: string, ...args: string[]): Promise<Said> {
  try {
    const output = await runUntranslated(file, args, { within: WITHIN });
    return output === null ? { output, why: `${file} is not installed` } : { output };
  } catch (error) {
    return { output: null, why: error instanceof Error ? error.message : String(error) };
  }
}

const isMissing = ({ why }: Said): boolean => why?.endsWith('is not installed') === true;

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) return null;
    throw error;
  }
}

/** Checks of one round. The lists of software are read once for all settings that need them. */
export function linuxChecks(): Checks {
  const software = softwareChecks();
  return {
    'disk.encryption': checkDisk,
    'firewall.enabled': checkFirewall,
    'usb-storage.blocked': checkUsbStorage,
    'time.synchronized': checkTime,
    'screen.lock-minutes': checkScreenLock,
    'ssh.keys-only': async () => checkSsh(keysOnly),
    'ssh.root-sign-in': async (allowed) => checkSsh((settings) => rootSignIn(settings, allowed)),
    'os.minimum': checkSystemVersion,
    'certificates.trusted': (wanted) => checkTrusted(wanted),
    'network.connections': checkConnections,
    'network.profiles': checkNames,
    'updates.automatic': async () => checkUpdates(await software.installedPackages()),
    'software.required': software.required,
    'software.forbidden': software.forbidden,
  };
}

interface Block {
  readonly type: string;
  readonly children?: readonly Block[] | undefined;
}
const blockSchema: z.ZodType<Block> = z.lazy(() =>
  z.object({ type: z.string(), children: z.array(blockSchema).optional() }),
);

/** True if a layer between the file system and the disks encrypts. `output`: `lsblk --json --inverse` of one device. */
export function parseLayers(output: string): boolean {
  const isEncrypted = ({ type, children = [] }: Block): boolean => type === 'crypt' || children.some(isEncrypted);
  return z
    .object({ blockdevices: z.array(blockSchema) })
    .parse(JSON.parse(output))
    .blockdevices.some(isEncrypted);
}

async function checkDisk(): Promise<CheckOutcome> {
  const { output: source, why } = await ask('findmnt', '--noheadings', '--output', 'SOURCE', '/');
  if (source === null) return unknown(`The root file system cannot be found: ${why}.`);
  const device = source.trim().replace(/\[.*$/, '');
  if (!device.startsWith('/dev/')) return unknown(`The root file system ${device} is not on a block device.`);
  const layers = await ask('lsblk', '--json', '--inverse', '--output', 'NAME,TYPE', device);
  if (layers.output === null) return unknown(`The layers of ${device} cannot be read: ${layers.why}.`);
  return parseLayers(layers.output) ? met(`${device} is encrypted.`) : notMet(`${device} has no encrypted layer.`);
}

/** Reads the firewall rules if the agent has permission. Otherwise relies on the state of ufw or firewalld. */
async function checkFirewall(): Promise<CheckOutcome> {
  const nft = await ask('nft', '--json', 'list', 'ruleset');
  const iptables = await Promise.all([ask('iptables', '-S', 'INPUT'), ask('ip6tables', '-S', 'INPUT')]);
  const [v4, v6] = iptables.map(({ output }) => output !== null && parseIptables(output));
  const rules: FirewallState | null = nft.output === null ? null : parseNftables(nft.output);
  if (rules?.blocks) return met(rules.detail);
  if (v4 && v6) return met('iptables and ip6tables block incoming connections by default.');
  const service = await activeFirewall();
  if (service !== null) return met(`${service} is active.`);
  if (rules) return notMet(rules.detail);
  if ([nft, ...iptables].every(isMissing)) return notMet('No firewall is installed.');
  if (iptables.every(({ output }) => output !== null))
    return notMet('iptables accepts incoming connections by default.');
  return unknown(`The firewall rules cannot be read: ${nft.why ?? 'nft failed'}.`);
}

async function activeFirewall(): Promise<string | null> {
  const ufw = /^ENABLED=yes$/im.test((await textOf('/etc/ufw/ufw.conf')) ?? '');
  for (const service of ufw ? ['ufw', 'firewalld'] : ['firewalld']) {
    if (await isActive(service)) return service;
  }
  return null;
}

async function isActive(unit: string): Promise<boolean> {
  const { output } = await ask('systemctl', 'is-active', unit);
  return output?.trim() === 'active';
}

async function checkUsbStorage(): Promise<CheckOutcome> {
  const modules = (await textOf('/proc/modules')) ?? '';
  if (/^usb_storage /m.test(modules)) return notMet('The kernel module usb-storage is loaded.');
  const { output, why } = await ask('modprobe', '--show-depends', 'usb-storage');
  if (output !== null) {
    if (/^install \S*\/(false|true)\b/m.test(output)) return met('modprobe does not load usb-storage.');
    return /^builtin /m.test(output)
      ? notMet('usb-storage is part of the kernel.')
      : notMet('modprobe would load usb-storage.');
  }
  return unknown(`modprobe cannot be asked: ${why}.`);
}

async function checkTime(): Promise<CheckOutcome> {
  const { output, why } = await ask('timedatectl', 'show', '--property=NTPSynchronized', '--value');
  if (output === null) return unknown(`timedatectl cannot be asked: ${why}.`);
  return output.trim() === 'yes' ? met('The clock is synchronized.') : notMet('The clock is not synchronized.');
}

const LOGIND = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];

async function checkScreenLock(minutes: number): Promise<CheckOutcome> {
  const { output, why } = await ask('busctl', 'get-property', ...LOGIND, 'IdleAction', 'IdleActionUSec');
  if (output === null) return unknown(`logind cannot be asked: ${why}.`);
  const [, action] = /^s "(.*)"$/m.exec(output) ?? [];
  const [, micros] = /^t (\d+)$/m.exec(output) ?? [];
  const after = Number(micros) / 60_000_000;
  // The settings of a desktop belong to its user and are not readable for the agent.
  if (action !== 'lock') return unknown('logind does not lock the screen. A desktop may lock it by its own settings.');
  const detail = `logind locks the screen after ${Math.round(after * 10) / 10} minutes.`;
  return after <= minutes ? met(detail) : notMet(detail);
}

type SshSettings = ReadonlyMap<string, string>;

export const parseSshd = (output: string): SshSettings =>
  new Map(
    output.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.trim().split(' ');
      return [name.toLowerCase(), value.join(' ').toLowerCase()];
    }),
  );

async function checkSsh(judge: (settings: SshSettings) => CheckOutcome): Promise<CheckOutcome> {
  const said = await ask('/usr/sbin/sshd', '-T');
  if (said.output !== null) return judge(parseSshd(said.output));
  return isMissing(said) ? met('No SSH server is installed.') : unknown(`sshd cannot be asked: ${said.why}.`);
}

export function keysOnly(settings: SshSettings): CheckOutcome {
  const on = ['passwordauthentication', 'kbdinteractiveauthentication'].filter((name) => settings.get(name) !== 'no');
  return on.length === 0 ? met('Passwords are off.') : notMet(`On: ${on.join(', ')}.`);
}

export function rootSignIn(settings: SshSettings, allowed: 'no' | 'keys-only'): CheckOutcome {
  const value = settings.get('permitrootlogin') ?? 'unset';
  const keys = ['without-password', 'prohibit-password', 'forced-commands-only'].includes(value);
  const detail = `PermitRootLogin is ${value}.`;
  return value === 'no' || (allowed === 'keys-only' && keys) ? met(detail) : notMet(detail);
}

async function checkSystemVersion(minimum: Readonly<Record<string, string>>): Promise<CheckOutcome> {
  return judgeSystem((await textOf('/etc/os-release')) ?? '', minimum);
}

/** Compares the system with the minimum versions. `release`: text of os-release(5). */
export function judgeSystem(release: string, minimum: Readonly<Record<string, string>>): CheckOutcome {
  const fieldOf = (name: string) => new RegExp(`^${name}=["']?([^"'\n]*)`, 'm').exec(release)?.[1] ?? null;
  const [id, version] = [fieldOf('ID'), fieldOf('VERSION_ID')];
  if (id === null) return unknown('os-release names no system.');
  const needed = minimum[id];
  if (needed === undefined) return notMet(`The policy does not name ${id}.`);
  if (version === null) return unknown(`os-release states no version of ${id}.`);
  return compareVersions(version, needed) >= 0 ? met(`${id} ${version}.`) : notMet(`${id} ${version}.`);
}

async function checkUpdates(packages: InstalledPackages | null): Promise<CheckOutcome> {
  const apt = await ask('apt-config', 'dump', 'APT::Periodic::Unattended-Upgrade');
  if (apt.output !== null) {
    const [, days = '0'] = /"(.*)";/.exec(apt.output) ?? [];
    if (days === '0' || days === '') return notMet('APT::Periodic::Unattended-Upgrade is off.');
    return packages?.versions.has('unattended-upgrades')
      ? met('unattended-upgrades is on.')
      : notMet('The package unattended-upgrades is missing.');
  }
  for (const timer of ['dnf5-automatic.timer', 'dnf-automatic.timer', 'dnf-automatic-install.timer']) {
    if (await isActive(timer)) return met(`${timer} is active.`);
  }
  return isMissing(await ask('dnf', '--version'))
    ? unknown('The device has neither apt nor dnf.')
    : notMet('No timer of dnf-automatic is active.');
}
