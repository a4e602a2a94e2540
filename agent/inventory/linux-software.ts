/** Software of a Linux machine. The functions that parse outputs are pure. */
import type { SoftwareEntry } from '../../shared/inventory/software.ts';
import { entryOf } from './collect.ts';
import { type RunProgram, runUntranslated } from './run-program.ts';

const DPKG_FIELDS = ['db:Status-Abbrev', 'Package', 'Version', 'Architecture', 'source:Package', 'source:Version'];
const DPKG_FORMAT = `${DPKG_FIELDS.map((field) => `\${${field}}`).join('\t')}\n`;
const RPM_FORMAT = '%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}-%{RELEASE}\\n';

export async function linuxSoftware(run: RunProgram = runUntranslated): Promise<readonly SoftwareEntry[] | null> {
  const [dpkg, architecture, rpm, flatpak, snap] = [
    await run('dpkg-query', ['-W', '-f', DPKG_FORMAT]),
    await run('dpkg', ['--print-architecture']),
    await run('rpm', ['-qa', '--qf', RPM_FORMAT]),
    await run('flatpak', ['list', '--columns=application,version,branch']),
    await run('snap', ['list', '--color=never', '--unicode=never']),
  ];
  if (dpkg === null && rpm === null && flatpak === null && snap === null) return null;
  return [
    ...parseDpkg(dpkg ?? '', (architecture ?? '').trim()),
    ...parseRpm(rpm ?? ''),
    ...parseFlatpak(flatpak ?? ''),
    ...parseSnap(snap ?? ''),
  ];
}

const linesOf = (output: string): string[] => output.split('\n').filter((line) => line.trim() !== '');

/** Installed packages. A package of a foreign architecture has its architecture in the name, as in `dpkg -l`. */
export function parseDpkg(output: string, native: string): SoftwareEntry[] {
  return linesOf(output).flatMap((line) => {
    const [status = '', name = '', version = '', architecture = '', source = '', sourceVersion = ''] = line.split('\t');
    // The second letter is the state of the package (dpkg-query(1)): `i` is installed, also for a package on hold.
    if (status[1] !== 'i') return [];
    const shown = architecture === native || architecture === 'all' ? name : `${name}:${architecture}`;
    const origin =
      source === shown && sourceVersion === version
        ? ''
        : sourceVersion === version
          ? source
          : `${source} ${sourceVersion}`;
    return entryOf('dpkg', shown, version, origin);
  });
}

export function parseRpm(output: string): SoftwareEntry[] {
  return linesOf(output).flatMap((line) => {
    const [name = '', epoch = '0', version = ''] = line.split('\t');
    // rpm lists the keys of package signers as packages.
    if (name === 'gpg-pubkey') return [];
    return entryOf('rpm', name, epoch === '0' || epoch === '(none)' ? version : `${epoch}:${version}`);
  });
}

/** A runtime without a version has its branch as the version. */
export function parseFlatpak(output: string): SoftwareEntry[] {
  return linesOf(output).flatMap((line) => {
    const [name = '', version = '', branch = ''] = line.split('\t').map((cell) => cell.trim());
    return name === 'Application ID' ? [] : entryOf('flatpak', name, version || branch);
  });
}

export function parseSnap(output: string): SoftwareEntry[] {
  return linesOf(output)
    .slice(1)
    .flatMap((line) => {
      const [name, version] = line.trim().split(/\s+/);
      return entryOf('snap', name, version);
    });
}
