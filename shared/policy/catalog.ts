/**
 * Catalog of policy settings. An entry has the type of the value, its meaning, the platforms whose agents can check it, and how the agent
 * checks and applies it. Server, agent and console use the same catalog. An agent reports a setting that it does not know as not supported.
 */
import { z } from 'zod';
import { homeAreaOrNull } from '../areas/area-code.ts';
import { channelTargetSchema, updateChannelSchema, versionsIn } from '../software/update-channel.ts';
import { certificatesSchema, fileText, managedFileSchema, managedFilesSchema } from './managed-files.ts';
import {
  connectionText,
  networkConnectionSchema,
  networkConnectionsSchema,
  networkProfilesSchema,
} from './network-connections.ts';
import { passcodeSettingSchema } from './passcode-setting.ts';
import { requiredSoftwareSchema, softwareNameSchema } from './required-software.ts';

export const PLATFORMS = ['linux', 'darwin', 'win32'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Control with which the console edits the value. `required`: the value is always true, and the policy either contains it or not. */
export type Editor =
  | 'required'
  | 'number'
  | 'choice'
  | 'text'
  | 'names'
  | 'versions'
  | 'areas'
  | 'files'
  | 'certificates'
  | 'connections'
  | 'networks'
  | 'passcode';

export interface Setting {
  readonly value: z.ZodType;
  /** Value as the device gets it, if the server adds data to the value of the policy. */
  readonly received?: z.ZodType;
  readonly editor: Editor;
  readonly title: string;
  readonly meaning: string;
  /** Platforms whose agents can check the setting. Agents on other platforms report "not supported". */
  readonly platforms: readonly Platform[];
  readonly check: string;
  /**
   * How the agent, or the system helper with the permission of the device's owner, changes the device for this setting; null if the agent
   * only checks.
   */
  readonly apply: string | null;
}

const required = z.literal(true);
const version = z
  .string()
  .max(32)
  .regex(/^\d+(\.\d+)*$/, 'is a version such as 12 or 24.04');
const names = z.array(softwareNameSchema).min(1).max(100);
const homeArea = z
  .string()
  .max(16)
  .refine((text) => homeAreaOrNull(text) !== null, 'is a country or subdivision, such as DE or US-CA');
const distribution = z
  .string()
  .max(32)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'is an ID of os-release, such as debian');

export const CATALOG = {
  'disk.encryption': {
    value: required,
    editor: 'required',
    title: 'Disk encryption',
    meaning: 'The file system of the operating system is on an encrypted disk.',
    platforms: ['linux'],
    check: 'The device below / is a dm-crypt device with a LUKS or plain key, directly or through LVM and RAID.',
    apply: null,
  },
  'firewall.enabled': {
    value: required,
    editor: 'required',
    title: 'Firewall',
    meaning: 'A firewall blocks incoming connections that no rule allows.',
    platforms: ['linux'],
    check:
      'nftables has a base chain for input that drops or rejects by default. Without the permission to read nftables, ufw or firewalld must be active.',
    apply:
      'The system helper loads a table of nftables. The table drops incoming connections, except to ports that the owner of the device keeps open. The helper deletes the table when no policy requires it.',
  },
  'usb-storage.blocked': {
    value: required,
    editor: 'required',
    title: 'USB storage blocked',
    meaning: 'The system cannot use USB storage devices.',
    platforms: ['linux'],
    check: 'The kernel module usb-storage is not loaded, and modprobe refuses to load it.',
    apply:
      'The system helper writes /etc/modprobe.d/cordon.conf and unloads the driver if no device uses it. It deletes the file when no policy requires it.',
  },
  'time.synchronized': {
    value: required,
    editor: 'required',
    title: 'Time synchronization',
    meaning: 'The clock of the device follows time servers.',
    platforms: ['linux'],
    check: 'timedatectl reports that the clock is synchronized.',
    apply:
      'The system helper switches the NTP service on with timedatectl. It switches it off again when no policy requires it, if it was off before.',
  },
  'screen.lock-minutes': {
    value: z.int().min(1).max(240),
    editor: 'number',
    title: 'Screen lock',
    meaning: 'The screen locks after at most this number of minutes without input.',
    platforms: ['linux'],
    check:
      'IdleAction and IdleActionSec of logind lock the session in time. Settings of a single desktop user are not readable.',
    apply:
      'The system helper writes /etc/systemd/logind.conf.d/cordon.conf and reloads logind. It deletes the file when no policy requires it.',
  },
  'ssh.keys-only': {
    value: required,
    editor: 'required',
    title: 'SSH without passwords',
    meaning: 'The SSH server accepts no passwords.',
    platforms: ['linux'],
    check:
      '`sshd -T` shows that password and keyboard-interactive authentication are off. A device without SSH server meets it.',
    apply:
      'The system helper writes /etc/ssh/sshd_config.d/00-cordon-keys-only.conf and reloads the SSH server. It deletes the file when no policy requires it.',
  },
  'ssh.root-sign-in': {
    value: z.enum(['no', 'keys-only']),
    editor: 'choice',
    title: 'SSH sign-in of root',
    meaning: 'The SSH server lets root sign in not at all, or only with a key.',
    platforms: ['linux'],
    check: '`sshd -T` shows PermitRootLogin. A device without SSH server meets it.',
    apply:
      'The system helper writes /etc/ssh/sshd_config.d/00-cordon-root.conf and reloads the SSH server. It deletes the file when no policy requires it.',
  },
  'os.minimum': {
    value: z.record(distribution, version).refine((value) => {
      const count = Object.keys(value).length;
      return count > 0 && count <= 32;
    }, 'names 1 to 32 operating systems'),
    editor: 'versions',
    title: 'Minimum version of the operating system',
    meaning: 'Lowest allowed version by operating system. Devices with another operating system do not meet it.',
    platforms: ['linux'],
    check: 'ID and VERSION_ID of os-release.',
    apply: null,
  },
  'updates.automatic': {
    value: required,
    editor: 'required',
    title: 'Automatic updates',
    meaning: 'The device installs security updates by itself.',
    platforms: ['linux'],
    check: 'apt has APT::Periodic::Unattended-Upgrade, or the timer of dnf-automatic is active.',
    apply:
      'The system helper installs unattended-upgrades with apt and writes /etc/apt/apt.conf.d/99zz-cordon. It returns to the state before when no policy requires it.',
  },
  'software.required': {
    value: z.array(requiredSoftwareSchema).min(1).max(100),
    editor: 'names',
    title: 'Required software',
    meaning:
      'All of these packages and applications are installed. “openssl>=3.0.15” also requires this version or a later one.',
    platforms: ['linux'],
    check:
      'dpkg or rpm lists each package, or flatpak lists each application. Versions are compared in the order of dpkg or rpm. flatpak has no order of versions.',
    apply:
      'The system helper installs what is missing, and updates what is too old, with apt or dnf. It uses flatpak for the id of an application that they do not offer. Installed software stays when no policy requires it any more.',
  },
  'software.forbidden': {
    value: names,
    editor: 'names',
    title: 'Forbidden software',
    meaning: 'No package and no application has one of these names.',
    platforms: ['linux'],
    check: 'Neither dpkg, rpm nor flatpak lists one of the names as installed.',
    apply:
      'The system helper removes the packages with apt or dnf, and the applications with flatpak. Removed software stays removed when no policy forbids it any more.',
  },
  'files.content': {
    value: managedFilesSchema,
    editor: 'files',
    title: 'Configuration files',
    meaning: 'Each file has this text, this mode, and this owner if one is named.',
    platforms: ['linux'],
    check: 'The agent compares the SHA-256 digest of the content, the mode and the owner. It follows no links.',
    apply:
      'The agent writes files below ~/ in the home folder of its own user, except hidden and executable ones. The system helper writes files of the system, in the folders that the owner of the device lists, and reloads the unit. Both restore the former content when no policy names the file.',
  },
  'certificates.trusted': {
    value: certificatesSchema,
    editor: 'certificates',
    title: 'Trusted certificates',
    meaning: 'The system trusts each of these certificate authorities.',
    platforms: ['linux'],
    check: 'The bundle of the system (ca-certificates.crt, ca-bundle.crt or ca-bundle.pem) contains each certificate.',
    apply:
      'The system helper adds each certificate to ca-certificates of Debian, and removes it when no policy requires it.',
  },
  'network.connections': {
    value: networkConnectionsSchema,
    editor: 'connections',
    title: 'Network connections',
    meaning:
      'NetworkManager has each of these Wi-Fi, wired, VPN and WireGuard connections, with exactly these values. A policy contains no passwords: NetworkManager asks the user, and the user’s keyring stores the password. A key of WireGuard never leaves the device, and the check result has the public key.',
    platforms: ['linux'],
    check:
      'nmcli lists each connection, and its keyfile has the values of the policy. Only root can read the keyfile, so the check needs the system helper.',
    apply:
      'The system helper writes a keyfile for each connection to /etc/NetworkManager/system-connections and loads it. It deletes the connection when no policy requires it. It changes no connection of the owner of the device.',
  },
  'network.profiles': {
    value: networkProfilesSchema,
    editor: 'networks',
    title: 'Existing network connections',
    meaning: 'NetworkManager has a connection with each name and type. Its other values do not matter.',
    platforms: ['linux'],
    check: '`nmcli connection show`. Without nmcli, the names of the keyfiles of NetworkManager.',
    apply: null,
  },
  'location.areas': {
    value: z.array(homeArea).min(1).max(300),
    editor: 'areas',
    title: 'Allowed locations',
    meaning: 'The device is in one of these countries or subdivisions.',
    platforms: ['linux', 'darwin', 'win32'],
    check: 'The device compares its own location. An unknown or ambiguous location is reported as unknown.',
    apply: null,
  },
  'workspace.offline-hours': {
    value: z.int().min(1).max(2160),
    editor: 'number',
    title: 'Offline limit of the workspace',
    meaning: 'The workspace locks after this number of hours without contact with the server.',
    platforms: ['linux', 'darwin', 'win32'],
    check: 'The agent has the key share with which it locks the workspace in time.',
    apply:
      'The agent locks the workspace. The server unlocks it when the device connects again, unless an admin or a policy has locked it too.',
  },
  'workspace.passcode': {
    value: passcodeSettingSchema,
    editor: 'passcode',
    title: 'Passcode of the workspace',
    meaning:
      'The user sets a passcode, without which nobody can read the workspace of a stolen device that is off. After each start of the agent, and after a time without input, messages, mail and files wait until the user enters the passcode. After too many wrong passcodes, an admin must reset it.',
    platforms: ['linux', 'darwin', 'win32'],
    check:
      'The agent knows the minimum length of the passcode that is set. It does not send the passcode or its length.',
    apply:
      'The agent asks the user for a passcode, and locks the workspace after the time without input. A passcode stays set when no policy requires it. The user can then remove it.',
  },
  'page.idle-minutes': {
    value: z.int().min(1).max(240),
    editor: 'number',
    title: 'Idle limit of the device page',
    meaning:
      'The device page closes after this number of minutes without input. It then shows nothing until the user opens it with “cordon-agent open”. The agent still receives messages and mail. The limit protects against a look at an open page. The setting “Passcode of the workspace” also protects against other people at the user’s account.',
    platforms: ['linux', 'darwin', 'win32'],
    check: 'The agent compares the limit that its device page uses.',
    apply: 'The agent ends each session of the device page at the limit. Without a policy, a session has no limit.',
  },
  'agent.minimum-version': {
    value: version,
    editor: 'text',
    title: 'Minimum version of the agent',
    meaning: 'Lowest allowed version of the agent.',
    platforms: ['linux', 'darwin', 'win32'],
    check: 'The agent compares its own version.',
    apply: null,
  },
  'agent.update-channel': {
    value: updateChannelSchema,
    received: channelTargetSchema,
    editor: 'choice',
    title: 'Update channel of the agent',
    meaning:
      'The agent has the version that the channel has. Admins with the right “update-channels.publish” choose the version of each channel.',
    platforms: ['linux'],
    check:
      'dpkg lists the package cordon-agent in the version of the channel. A newer version also meets the setting, unless the channel had it before.',
    apply:
      'The system helper installs the signed package of the channel, and returns to the former version if the new agent does not connect. It goes to an earlier version only if an admin has moved the channel back.',
  },
  'agent.log-level': {
    value: z.enum(['debug', 'info', 'warn', 'error']),
    editor: 'choice',
    title: 'Log level of the agent',
    meaning: 'Level of detail of the agent’s log.',
    platforms: ['linux', 'darwin', 'win32'],
    check: 'The agent compares its own log level.',
    apply: 'The agent changes its log level at once, and back when no policy sets it.',
  },
} as const satisfies Record<string, Setting>;

export type SettingId = keyof typeof CATALOG;
export const SETTING_IDS = Object.keys(CATALOG) as readonly SettingId[];
export const isSettingId = (text: string): text is SettingId => Object.hasOwn(CATALOG, text);

export type SettingValue<Id extends SettingId> = z.output<(typeof CATALOG)[Id]['value']>;
/** Value as the device gets it. */
export type ReceivedValue<Id extends SettingId> = (typeof CATALOG)[Id] extends {
  readonly received: infer S extends z.ZodType;
}
  ? z.output<S>
  : SettingValue<Id>;

type Shape = { [Id in SettingId]: z.ZodOptional<(typeof CATALOG)[Id]['value']> };
const shape = Object.fromEntries(SETTING_IDS.map((id) => [id, CATALOG[id].value.optional()])) as unknown as Shape;

/** Values by setting. A policy does not manage a setting that is absent here. */
export const settingsSchema = z.strictObject(shape);
export type Settings = z.output<typeof settingsSchema>;

/** Values from which an admin can choose, for a setting with the editor `choice`. */
export function choicesOf(id: SettingId): readonly string[] {
  const { value } = CATALOG[id] as Setting;
  return value instanceof z.ZodEnum ? value.options.map(String) : [];
}

/** Value of a setting as one line, for people. */
export function valueText(id: string, value: unknown): string {
  if (value === true) return 'required';
  if (id === 'files.content' && Array.isArray(value)) {
    const files = value.map((file) => managedFileSchema.safeParse(file));
    return files.map(({ data }) => (data ? fileText(data) : 'a file in a newer form')).join(', ');
  }
  if (id === 'agent.update-channel') {
    const target = channelTargetSchema.safeParse(value).data;
    if (target) return `${target.channel}, with ${versionsIn(target).join(' and ') || 'no version'}`;
  }
  if (id === 'certificates.trusted' && Array.isArray(value))
    return value.length === 1 ? '1 certificate' : `${value.length} certificates`;
  if (id === 'network.connections' && Array.isArray(value)) {
    const connections = value.map((each) => networkConnectionSchema.safeParse(each));
    return connections.map(({ data }) => (data ? connectionText(data) : 'a connection in a newer form')).join(', ');
  }
  if (Array.isArray(value)) return value.join(', ');
  const passcode = id === 'workspace.passcode' ? passcodeSettingSchema.safeParse(value).data : undefined;
  if (passcode) {
    const { minimumLength, autoLockMinutes, attempts } = passcode;
    return `at least ${minimumLength} characters, auto-lock after ${autoLockMinutes} ${autoLockMinutes === 1 ? 'minute' : 'minutes'}, ${attempts} attempts`;
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, each]) => `${name} ${each}`)
      .join(', ');
  if (id === 'screen.lock-minutes' || id === 'page.idle-minutes') return `${value} minutes`;
  return id === 'workspace.offline-hours' ? `${value} hours` : String(value);
}
