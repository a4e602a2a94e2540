/**
 * Inventory of a Windows machine. Each section is one PowerShell script without arguments, whose output is JSON. Tests parse recorded
 * outputs; no test runs on Windows.
 */
import { z } from 'zod';
import { MOST_DISKS, MOST_UPDATES, MOST_USERS, type Sections } from '../../shared/inventory/inventory.ts';
import { cleanText, type SoftwareEntry } from '../../shared/inventory/software.ts';
import { type Collectors, entryOf, known, positive } from './collect.ts';
import { certificatesIn, networkOf, sortedCertificates, systemOf } from './machine.ts';
import { runProgram } from './run-program.ts';

const JSON_OUT = '| ConvertTo-Json -Compress -Depth 3';

const SCRIPTS = {
  system: `$s=Get-CimInstance Win32_ComputerSystem;$b=Get-CimInstance Win32_BIOS;$p=Get-CimInstance Win32_ComputerSystemProduct;$o=Get-CimInstance Win32_OperatingSystem;@{manufacturer=$s.Manufacturer;model=$s.Model;serial=$b.SerialNumber;uuid=$p.UUID;caption=$o.Caption;version=$o.Version;booted=$o.LastBootUpTime.ToUniversalTime().ToString('o')} ${JSON_OUT}`,
  disks: `$v=@{};Get-CimInstance -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption Win32_EncryptableVolume -ErrorAction SilentlyContinue|%{$v[$_.DriveLetter]=$_.ProtectionStatus};@(Get-CimInstance Win32_LogicalDisk -Filter 'DriveType=3'|%{@{name=$_.DeviceID;size=$_.Size;protection=$v[$_.DeviceID]}}) ${JSON_OUT}`,
  battery: `@(Get-CimInstance Win32_Battery|%{@{name=$_.DeviceID;percent=$_.EstimatedChargeRemaining;status=$_.BatteryStatus}}) ${JSON_OUT}`,
  updates: `$q=(New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher();$q.Online=$false;$u=@($q.Search('IsInstalled=0 and IsHidden=0').Updates|%{@{title=$_.Title;severity=$_.MsrcSeverity}});@{updates=$u;restart=(New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired} ${JSON_OUT}`,
  security: `$f=@(Get-NetFirewallProfile|%{[bool]$_.Enabled});$s=$null;try{$s=Confirm-SecureBootUEFI}catch{};@{firewall=$f;secureBoot=$s} ${JSON_OUT}`,
  software: `@(Get-ItemProperty HKLM:\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*,HKLM:\\Software\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\* -ErrorAction SilentlyContinue|?{$_.DisplayName -and -not $_.SystemComponent}|%{@{name=$_.DisplayName;version=$_.DisplayVersion}}) ${JSON_OUT}`,
  users: `$a=@(Get-LocalGroupMember -SID S-1-5-32-544 -ErrorAction SilentlyContinue|%{$_.SID.Value});@(Get-LocalUser|?{$_.Enabled}|%{@{name=$_.Name;admin=($a -contains $_.SID.Value)}}) ${JSON_OUT}`,
  certificates: `@(Get-ChildItem Cert:\\LocalMachine\\My|%{[Convert]::ToBase64String($_.RawData)}) ${JSON_OUT}`,
} as const;

/** Output of a script as JSON. PowerShell prints nothing for an empty list, and may print a list with one element as the element alone. */
async function outputOf(script: keyof typeof SCRIPTS): Promise<string | null> {
  return runProgram(
    'powershell.exe',
    [
      '-NoLogo',
      '-NoProfile',
      '-NonInteractive',
      '-Command',
      `[Console]::OutputEncoding=[Text.Encoding]::UTF8;${SCRIPTS[script]}`,
    ],
    { within: 120_000 },
  );
}

const parsing =
  <T>(script: keyof typeof SCRIPTS, parse: (output: string) => T) =>
  async (): Promise<T | null> => {
    const output = await outputOf(script);
    return output === null ? null : parse(output);
  };

function listIn<T>(schema: z.ZodType<T>, output: string): T[] {
  if (output.trim() === '') return [];
  const json: unknown = JSON.parse(output);
  return z.array(schema).parse(Array.isArray(json) ? json : [json]);
}

const text = z.string().nullish();

const systemSchema = z.object({
  manufacturer: text,
  model: text,
  serial: text,
  uuid: text,
  caption: text,
  version: text,
  booted: text,
});

export function parseWindowsSystem(output: string): NonNullable<Sections['system']> {
  const { manufacturer, model, serial, uuid, caption, version, booted } = systemSchema.parse(JSON.parse(output));
  const at = Date.parse(booted ?? '');
  return systemOf(
    { id: 'windows', version: known(version, 64), distro: known(caption), release: known(version) },
    { manufacturer: known(manufacturer), model: known(model), serial: known(serial), uuid: known(uuid, 64) },
    Number.isNaN(at) ? null : Math.round(at / 1000) * 1000,
  );
}

/**
 * Disk in the output of the script. `protection`: 1 if BitLocker protects the volume, 2 if that is unknown; absent if the agent may not
 * read the value.
 */
const diskSchema = z.object({ name: z.string(), size: z.coerce.number().nullish(), protection: z.int().nullish() });

export const parseWindowsDisks = (output: string): NonNullable<Sections['disks']> =>
  listIn(diskSchema, output)
    .slice(0, MOST_DISKS)
    .map(({ name, size, protection }) => ({
      name: cleanText(name, 128),
      size: positive(size),
      encrypted: protection === 1 ? true : protection === 0 ? false : null,
    }));

const batterySchema = z.object({ name: text, percent: z.number().nullish(), status: z.int().nullish() });

export const parseWindowsBattery = (output: string): NonNullable<Sections['battery']> =>
  listIn(batterySchema, output)
    .slice(0, 8)
    .map(({ name, percent, status }) => ({
      name: cleanText(name ?? 'battery', 64),
      percent: typeof percent === 'number' ? Math.min(100, Math.max(0, Math.round(percent))) : null,
      health: null,
      cycles: null,
      // Win32_Battery.BatteryStatus: 1 discharging, 3 full, 6 to 9 charging.
      state:
        status === 1
          ? 'discharging'
          : status === 3
            ? 'full'
            : status && status >= 6 && status <= 9
              ? 'charging'
              : 'unknown',
    }));

const updatesSchema = z.object({
  updates: z
    .union([z.array(z.object({ title: z.string(), severity: text })), z.object({ title: z.string(), severity: text })])
    .nullish(),
  restart: z.boolean().nullish(),
});

export function parseWindowsUpdates(output: string): NonNullable<Sections['updates']> {
  const { updates, restart } = updatesSchema.parse(JSON.parse(output));
  const all = [updates ?? []].flat();
  return {
    checkedAt: null,
    pending: all.length,
    security: all.filter(({ severity }) => severity !== null && severity !== undefined && severity !== '').length,
    restart: restart ?? null,
    packages: all.slice(0, MOST_UPDATES).map(({ title }) => ({ name: cleanText(title, 128), version: '' })),
  };
}

const securitySchema = z.object({
  firewall: z.union([z.array(z.boolean()), z.boolean()]).nullish(),
  secureBoot: z.boolean().nullish(),
});

export function parseWindowsSecurity(output: string): NonNullable<Sections['security']> {
  const { firewall, secureBoot } = securitySchema.parse(JSON.parse(output));
  const profiles = [firewall ?? []].flat();
  return { firewall: profiles.length === 0 ? null : profiles.every(Boolean), secureBoot: secureBoot ?? null };
}

export const parseWindowsSoftware = (output: string): SoftwareEntry[] =>
  listIn(z.object({ name: z.string(), version: text }), output).flatMap(({ name, version }) =>
    entryOf('windows', name, version),
  );

export const parseWindowsUsers = (output: string): NonNullable<Sections['users']> =>
  listIn(z.object({ name: z.string(), admin: z.boolean().nullish() }), output)
    .slice(0, MOST_USERS)
    .map(({ name, admin }) => ({ name: cleanText(name, 64), admin: admin ?? null }));

export const parseWindowsCertificates = (output: string): NonNullable<Sections['certificates']> =>
  sortedCertificates(
    listIn(z.string(), output).flatMap((der) =>
      certificatesIn(`-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----`, 'server'),
    ),
  );

export const windowsCollectors: Collectors = {
  system: parsing('system', parseWindowsSystem),
  disks: parsing('disks', parseWindowsDisks),
  battery: parsing('battery', parseWindowsBattery),
  updates: parsing('updates', parseWindowsUpdates),
  security: parsing('security', parseWindowsSecurity),
  software: parsing('software', parseWindowsSoftware),
  users: parsing('users', parseWindowsUsers),
  network: async () => networkOf(),
  certificates: parsing('certificates', parseWindowsCertificates),
};
