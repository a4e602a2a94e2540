/** apt and dpkg. Every version is exact, so that apt cannot read a name as a pattern or as a removal (`name-`). */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debClaims } from './deb-claims.ts';
import { type InstalledPackage, joinedClaims, type PackageManager, type Target } from './package-manager.ts';
import { isProgramMissing } from './program-missing.ts';
import { HelperRefusal, LONGEST_DETAIL, type PackageStep } from './requests.ts';
import type { RunTool } from './run-tool.ts';

const MINUTE = 60_000;
const FIELDS = ['Package', 'Architecture', 'Version', 'db:Status-Abbrev'];
const FORMAT = `${FIELDS.map((field) => `\${${field}}`).join('\\t')}\\n`;
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
/** Lines that `LISTING` prints: one for each archive, and one after the last. */
const [ARCHIVE, LISTED] = ['archive-to-install: ', 'archives-to-install-listed'];
/**
 * Configuration with which apt downloads all archives, prints their paths, and stops before it runs dpkg (apt.conf(5), Pre-Install-Pkgs). The
 * other commands of the machine's configuration run once, in the installation.
 */
const LISTING = `#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
DPkg::Pre-Install-Pkgs { "sed 's/^/${ARCHIVE}/'; echo ${LISTED}; exit 1"; };
`;

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

  /** Downloads the archives that apt would give to dpkg for the targets, and returns their paths. */
  async function archivesOf(targets: readonly Target[]): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-apt-'));
    try {
      const file = join(folder, 'listing.conf');
      writeFileSync(file, LISTING);
      const args = ['--config-file', file, ...OPTIONS, ...argumentsOf(targets)];
      const { out, tail } = await run('apt-get', args, { within: 15 * MINUTE });
      const lines = out.split('\n');
      if (!lines.includes(LISTED)) throw new HelperRefusal('failed', `apt-get failed. ${reasonIn(tail)}`);
      return lines.flatMap((line) => (line.startsWith(ARCHIVE) ? line.slice(ARCHIVE.length) : []));
    } finally {
      rmSync(folder, { recursive: true });
    }
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
      const added = steps.filter(({ to }) => to !== null).length;
      const archives = added === 0 ? [] : await archivesOf(targets);
      if (archives.length !== added) {
        throw new HelperRefusal(
          'failed',
          `apt would install ${archives.length} archives for ${added} packages. Nothing was changed.`,
        );
      }
      return joinedClaims(archives, (file) => debClaims(run, file));
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
