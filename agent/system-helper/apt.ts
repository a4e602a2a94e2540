/** apt and dpkg. Every version is exact, so that apt cannot read a name as a pattern or as a removal (`name-`). */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositorySteps } from './agent-protection.ts';
import { type InstalledPackage, MOST_CLAIMS, MOST_SPECS, type PackageManager, type Target } from './package-manager.ts';
import { isProgramMissing } from './program-missing.ts';
import { HelperRefusal, LONGEST_DETAIL, type PackageStep } from './requests.ts';
import type { RunTool } from './run-tool.ts';

const MINUTE = 60_000;
const FIELDS = ['Package', 'Architecture', 'Version', 'db:Status-Abbrev'];
const FORMAT = `${FIELDS.map((field) => `\${${field}}`).join('\\t')}\\n`;
const CLAIMS = ['Provides', 'Replaces', 'Conflicts', 'Breaks'];
const OPTIONS = [
  '--yes',
  '--quiet=2',
  '--allow-downgrades',
  '-oDPkg::Lock::Timeout=300',
  '-oAPT::Get::AutomaticRemove=false',
  '-oDpkg::Options::=--force-confdef',
  '-oDpkg::Options::=--force-confold',
  '-oDpkg::Use-Pty=0',
];

/** Package manager apt. `root`: root folder of the machine. */
export function aptManager(run: RunTool, root = '/'): PackageManager {
  async function apt(args: readonly string[], within: number) {
    const result = await run('apt-get', args, { within });
    if (result.code === 0) return result;
    const why = result.code === null ? 'It did not end in time.' : reasonIn(result.tail);
    throw new HelperRefusal('failed', `apt-get failed. ${why}`);
  }

  async function installed(names: readonly string[]): Promise<ReadonlyMap<string, InstalledPackage>> {
    if (names.length === 0) return new Map();
    // Exit code 1 means that some of the packages are unknown to dpkg. The output has the others.
    const { code, out, tail } = await run('dpkg-query', ['-W', '-f', FORMAT, '--', ...names], { within: MINUTE });
    if (code !== 0 && code !== 1) throw new HelperRefusal('failed', `dpkg-query failed. ${tail.trim()}`);
    return parseInstalled(out, names);
  }

  return {
    format: 'deb',
    installed,

    async available() {
      try {
        return (await run('apt-get', ['--version'], { within: MINUTE })).code === 0;
      } catch (error) {
        if (isProgramMissing(error)) return false;
        throw error;
      }
    },

    async refresh() {
      try {
        await apt(['update', '--quiet=2', '-oDPkg::Lock::Timeout=300', '-oAPT::Update::Error-Mode=any'], 5 * MINUTE);
        return null;
      } catch (error) {
        if (error instanceof HelperRefusal) return error.message;
        throw error;
      }
    },

    async candidate(name) {
      const { out } = await run('apt-cache', ['policy', '--', name], { within: MINUTE });
      const version = /^ {2}Candidate: (\S+)$/m.exec(out)?.[1];
      return version === undefined || version === '(none)' ? null : version;
    },

    async plan(targets) {
      const { out } = await apt(['--simulate', ...OPTIONS, ...argumentsOf(targets)], 2 * MINUTE);
      return parseSimulation(out);
    },

    async claims(targets, steps) {
      const names: string[] = [];
      const files: string[] = [];
      for (const { file } of targets) {
        if (file === undefined) continue;
        const control = await run('dpkg-deb', ['--field', file, ...CLAIMS], { within: MINUTE });
        const content = await run('dpkg-deb', ['--contents', file], { within: MINUTE, most: MOST_CLAIMS });
        if (control.code !== 0 || content.code !== 0) {
          throw new HelperRefusal('invalid_input', `The file is not a Debian package. ${content.tail.trim()}`);
        }
        names.push(...parseClaims(control.out));
        files.push(...parseContents(content.out));
      }
      // dpkg itself refuses a file of another package, unless the new package replaces the other one.
      const specs = repositorySteps(targets, steps).map(({ name, version }) => `${name}=${version}`);
      for (let from = 0; from < specs.length; from += MOST_SPECS) {
        const args = ['show', '--', ...specs.slice(from, from + MOST_SPECS)];
        const { code, out, tail } = await run('apt-cache', args, { within: MINUTE, most: MOST_CLAIMS });
        if (code !== 0) throw new HelperRefusal('failed', `apt-cache failed. ${reasonIn(tail)}`);
        names.push(...parseClaims(out));
      }
      return { names, files };
    },

    async apply(targets) {
      const wanted = argumentsOf(targets);
      // The download is a separate step. If the deadline ends it, no package is half installed.
      if (wanted[0] === 'install') await apt(['--download-only', ...OPTIONS, ...wanted], 15 * MINUTE);
      await apt([...OPTIONS, ...wanted], 20 * MINUTE);
    },

    async updates(scope) {
      const { out } = await apt(['--simulate', ...OPTIONS, '--with-new-pkgs', 'upgrade'], 2 * MINUTE);
      return { targets: parseUpdates(out, scope), left: [] };
    },

    // Debian's hooks create this file (update-notifier-common, unattended-upgrades).
    needsRestart: async () => existsSync(join(root, 'run/reboot-required')),

    async fieldsOf(file) {
      const { code, out, tail } = await run('dpkg-deb', ['--field', file, 'Package', 'Version', 'Architecture'], {
        within: MINUTE,
      });
      if (code !== 0) throw new HelperRefusal('invalid_input', `The file is not a Debian package. ${tail.trim()}`);
      const field = (name: string) => new RegExp(`^${name}: (\\S+)$`, 'm').exec(out)?.[1] ?? '';
      return { name: field('Package'), version: field('Version'), architecture: field('Architecture') };
    },

    async repair() {
      try {
        await run('dpkg', ['--configure', '--pending', '--force-confdef', '--force-confold'], { within: 10 * MINUTE });
      } catch (error) {
        // The helper calls this at its start, also on a machine without dpkg.
        if (!isProgramMissing(error)) throw error;
      }
    },
  };
}

/** Returns the names of packages in the fields Provides, Replaces, Conflicts and Breaks of control data (Debian Policy 7). */
export const parseClaims = (control: string): string[] =>
  [...control.matchAll(new RegExp(`^(?:${CLAIMS.join('|')}): (.*(?:\\n[ \\t].*)*)`, 'gim'))].flatMap(([, list = '']) =>
    list.split(/[,|]/).flatMap((each) => /[^\s(:]+/.exec(each)?.[0] ?? []),
  );

/** Returns the paths in the output of `dpkg-deb --contents`, which has the form of `tar --list --verbose`. */
export const parseContents = (output: string): string[] =>
  output.split('\n').flatMap((line) => {
    const [, path] = /^(?:\S+\s+){5}\.?(\/.*?)(?: -> .*| link to .*)?$/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });

/** Progress lines in the output of apt. The reason for a failure is in the other lines. */
const PROGRESS =
  /^(?:Reading |Building |\(Reading |Get:|Hit:|Ign:|Preparing to |Unpacking |Setting up |Need to get |After this )/;
const REASON_LINES = 10;

function reasonIn(tail: string): string {
  const lines = tail.split(/[\r\n]+/).map((line) => line.trim());
  const reason = lines.filter((line) => line !== '' && !PROGRESS.test(line)).slice(-REASON_LINES);
  return reason.join(' ').slice(-LONGEST_DETAIL / 2);
}

function argumentsOf(targets: readonly Target[]): string[] {
  if (targets.every(({ version }) => version === null)) return ['remove', '--', ...targets.map(({ name }) => name)];
  return [
    'install',
    '--',
    ...targets.map(({ name, version, file }) => (version === null ? `${name}-` : (file ?? `${name}=${version}`))),
  ];
}

/**
 * Steps in the output of `apt-get --simulate`:
 * - `Inst name [old version] (new version repository [architecture])`
 * - `Remv name [version]`
 */
export function parseSimulation(output: string): PackageStep[] {
  const steps = new Map<string, PackageStep>();
  for (const line of output.split('\n')) {
    const added = /^Inst (\S+) (?:\[([^\]\s]+)\] )?\((\S+) /.exec(line);
    const removed = /^(?:Remv|Purg) (\S+) \[([^\]\s]+)\]/.exec(line);
    const [, name = '', from = null] = added ?? removed ?? [];
    if (name !== '') steps.set(name, { name, from: from ?? null, to: added?.[3] ?? null });
  }
  return [...steps.values()];
}

/** Installed packages with a newer version, in the output of `apt-get --simulate upgrade`. */
export function parseUpdates(output: string, scope: 'security' | 'all'): Target[] {
  return output.split('\n').flatMap((line) => {
    const [, name = '', version = '', origin = ''] =
      /^Inst (\S+) \[[^\]]+\] \((\S+) (.*?)\[[^\]]*\]\)/.exec(line) ?? [];
    return name !== '' && (scope === 'all' || /security/i.test(origin)) ? [{ name, version }] : [];
  });
}

/** Packages of `dpkg-query`, under the names that the caller used: with or without an architecture. */
export function parseInstalled(output: string, names: readonly string[]): Map<string, InstalledPackage> {
  const found = new Map<string, InstalledPackage>();
  for (const line of output.split('\n')) {
    const [bare = '', architecture = '', version = '', status = ''] = line.split('\t');
    // The second letter is the state of the package (dpkg-query(1)). `n` and `c` have no files of the program.
    const state = status[1] ?? 'n';
    if (state === 'n' || state === 'c' || version === '') continue;
    const full = `${bare}:${architecture}`;
    const name = names.find((each) => each === full) ?? names.find((each) => each === bare);
    if (name !== undefined) found.set(name, { version, complete: 'itW'.includes(state) });
  }
  return found;
}
