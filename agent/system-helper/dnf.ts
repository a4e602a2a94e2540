/**
 * dnf 4 and rpm. Every version is exact, and the plan must contain each target by name and version, because dnf also reads an argument as a
 * file name, a path or a feature that a package provides.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type InstalledPackage,
  joinedClaims,
  MOST_CLAIMS,
  MOST_SPECS,
  type PackageManager,
  type Target,
} from './package-manager.ts';
import { isProgramMissing } from './program-missing.ts';
import { HelperRefusal, LONGEST_DETAIL, type PackageStep } from './requests.ts';
import { rpmClaims } from './rpm-claims.ts';
import type { RunTool } from './run-tool.ts';

const MINUTE = 60_000;
const OPTIONS = [
  '--color=never',
  // A removal takes only the named packages, so that a rollback knows all of them.
  '--setopt=clean_requirements_on_remove=False',
  '--setopt=exit_on_lock=False',
];
const FORMAT = '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n';
const FILE_FORMAT = '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SOURCEPACKAGE}';
const REPOSITORY_FORMAT = '%{name}\t%{epoch}:%{version}-%{release}';

/** Folders and files of another machine, for tests. */
export interface DnfMachine {
  readonly dnf: readonly string[];
  readonly rpm: readonly string[];
}

export function dnfManager(run: RunTool, machine: DnfMachine = { dnf: [], rpm: [] }): PackageManager {
  async function dnf(args: readonly string[], within: number, codes: readonly number[] = [0]) {
    const result = await run('dnf', [...machine.dnf, ...OPTIONS, ...args], { within });
    if (result.code !== null && codes.includes(result.code)) return result;
    const why = result.code === null ? 'It did not end in time.' : reasonIn(result.tail);
    throw new HelperRefusal('failed', `dnf failed. ${why}`);
  }

  async function installed(names: readonly string[]): Promise<ReadonlyMap<string, InstalledPackage>> {
    requireRpmNames(names);
    if (names.length === 0) return new Map();
    // The exit code is the number of packages that are not installed. The output names them in sentences without a tab.
    const { out } = await run('rpm', [...machine.rpm, '-q', '--queryformat', FORMAT, ...names], { within: MINUTE });
    return parseInstalledRpms(out);
  }

  /** Steps that dnf would take. `--assumeno` ends with 1 after the table of the transaction. */
  async function simulate(args: readonly string[]): Promise<PackageStep[]> {
    const result = await dnf(['--assumeno', ...args], 5 * MINUTE, [0, 1]);
    if (result.code === 1 && !/Operation aborted/.test(result.tail)) {
      throw new HelperRefusal('failed', `dnf failed. ${reasonIn(result.tail)}`);
    }
    const planned = parseTransaction(result.out);
    const before = await installed(planned.map(({ name }) => name));
    return planned.map(({ name, to }) => ({ name, from: before.get(name)?.version ?? null, to }));
  }

  // The download is a step of its own: its end by the deadline leaves no half-installed package.
  const download = (added: readonly string[]) =>
    dnf(['--assumeyes', '--downloadonly', 'install', ...added], 15 * MINUTE);

  /** Files of the packages that dnf has downloaded for these steps, or has in a repository on this machine. Other versions may be among them. */
  async function archivesOf(targets: readonly Target[], steps: readonly PackageStep[]): Promise<string[]> {
    const own = new Map(targets.flatMap(({ name, file }) => (file === undefined ? [] : [[name, file] as const])));
    const specs = steps.flatMap(({ name, to }) => (to === null || own.has(name) ? [] : `${name}-${to}`));
    const folders = specs.length === 0 ? [] : await downloadFolders();
    const found = new Set(own.values());
    for (let from = 0; from < specs.length; from += MOST_SPECS) {
      const some = specs.slice(from, from + MOST_SPECS);
      const args = [...machine.dnf, ...OPTIONS, '--quiet', 'repoquery', '--location', ...some];
      const { code, out, tail } = await run('dnf', args, { within: 5 * MINUTE, most: MOST_CLAIMS });
      if (code !== 0) throw new HelperRefusal('failed', `dnf failed. ${reasonIn(tail)}`);
      for (const url of out.split('\n').filter((line) => line !== '')) {
        const local = url.startsWith('file://') ? [decodeURI(url.slice('file://'.length))] : [];
        for (const path of [...local, ...folders.map((folder) => join(folder, basename(url)))]) {
          if (existsSync(path)) found.add(path);
        }
      }
    }
    return [...found];
  }

  /** Folders into which dnf downloads packages, one for each repository. */
  async function downloadFolders(): Promise<string[]> {
    // dnf prints the folder of its cache in no other way. The exit code is about the repositories.
    const { out } = await run('dnf', [...machine.dnf, ...OPTIONS, '--verbose', '--cacheonly', 'repolist'], {
      within: MINUTE,
    });
    const cache = /^cachedir: (\/.*)$/m.exec(out)?.[1];
    if (cache === undefined) throw new HelperRefusal('failed', 'dnf did not print the folder of its cache.');
    return existsSync(cache) ? readdirSync(cache).map((name) => join(cache, name, 'packages')) : [];
  }

  return {
    format: 'rpm',
    installed,

    async available() {
      try {
        // dnf 5 has another output, which this version does not read.
        const { code, out } = await run('dnf', ['--version'], { within: MINUTE });
        return code === 0 && /^4\./.test(out);
      } catch (error) {
        if (isProgramMissing(error)) return false;
        throw error;
      }
    },

    async refresh() {
      try {
        await dnf(['--quiet', '--refresh', 'makecache'], 5 * MINUTE);
        return null;
      } catch (error) {
        if (error instanceof HelperRefusal) return error.message;
        throw error;
      }
    },

    async candidate(name) {
      requireRpmNames([name]);
      const { out } = await dnf(
        ['--quiet', 'repoquery', '--latest-limit=1', '--queryformat', REPOSITORY_FORMAT, name],
        5 * MINUTE,
      );
      const found = out.split('\n').map((line) => line.split('\t'));
      const version = found.find(([each]) => each === name)?.[1];
      return version === undefined ? null : versionOf(version);
    },

    async plan(targets) {
      requireRpmNames(targets.map(({ name }) => name));
      const [added, removed] = split(targets);
      if (added.length === 0) return simulate(['remove', ...removed]);
      const steps = await simulate(['install', ...added]);
      // The removals follow the other steps. `apply` makes sure that they then remove nothing else.
      const before = await installed(removed);
      const all = [
        ...steps,
        ...removed.flatMap((name) => {
          const present = before.get(name);
          return present ? [{ name, from: present.version, to: null }] : [];
        }),
      ];
      requireTargets(targets, all);
      return all;
    },

    async claims(targets, steps) {
      const [added] = split(targets);
      const others = new Set(steps.flatMap(({ name, to }) => (to === null ? [] : [`${name} ${withEpoch(to)}`])));
      if (others.size === 0) return { names: [], files: [] };
      await download(added);
      const claims = await joinedClaims(await archivesOf(targets, steps), async (archive) => {
        const found = await rpmClaims(run, archive);
        others.delete(found.identity);
        return found;
      });
      if (others.size === 0) return claims;
      const list = [...others].join(', ');
      throw new HelperRefusal(
        'failed',
        `The helper did not find the downloaded files of ${list}. Nothing was changed.`,
      );
    },

    async apply(targets) {
      const [added, removed] = split(targets);
      if (added.length > 0) {
        await download(added);
        await dnf(['--assumeyes', 'install', ...added], 20 * MINUTE);
      }
      if (removed.length === 0) return;
      const steps = await simulate(['remove', ...removed]);
      const others = steps.filter(({ name }) => !removed.includes(name)).map(({ name }) => name);
      if (others.length > 0) {
        throw new HelperRefusal('conflict', `The change would also remove ${others.join(', ')}.`);
      }
      await dnf(['--assumeyes', 'remove', ...removed], 20 * MINUTE);
    },

    async updates(scope) {
      const steps = await simulate(['upgrade', ...(scope === 'security' ? ['--security'] : [])]);
      const targets = steps.flatMap(({ name, from, to }) =>
        from !== null && to !== null ? [{ name, version: to }] : [],
      );
      return { targets, left: [] };
    },

    async needsRestart() {
      try {
        return (await run('needs-restarting', ['-r'], { within: MINUTE })).code === 1;
      } catch (error) {
        if (isProgramMissing(error)) return false;
        throw error;
      }
    },

    async fieldsOf(file) {
      // The digest of the file was compared with the signed one. The signature of the package itself needs no key on this machine.
      // Without --nomanifest, rpm reads another file as a list of packages to open.
      const args = ['-q', '--package', '--nomanifest', '--nosignature', '--queryformat', FILE_FORMAT, file];
      const { code, out, tail } = await run('rpm', args, { within: MINUTE });
      const [name = '', version = '', architecture = '', source] = out.split('\t');
      if (code !== 0 || source === undefined || source === '1') {
        throw new HelperRefusal('invalid_input', `The file is not an RPM package that dnf installs. ${reasonIn(tail)}`);
      }
      return { name, version: versionOf(version), architecture };
    },

    // dnf has no counterpart of "dpkg --configure": the repeated change completes an interrupted one.
    repair: async () => undefined,
  };
}

/** Names that rpm reads as names. A colon would be an epoch, and dnf reads an argument with this ending as a file. */
function requireRpmNames(names: readonly string[]): void {
  const wrong = names.find((name) => name.includes(':') || name.endsWith('.rpm'));
  if (wrong === undefined) return;
  throw new HelperRefusal(
    'invalid_input',
    `${wrong} is not the name of an rpm package. Write it as "rpm -qa" lists it.`,
  );
}

/** Arguments of `dnf install`, and names to remove. */
function split(targets: readonly Target[]): readonly [readonly string[], readonly string[]] {
  return [
    targets.flatMap(({ name, version, file }) => (version === null ? [] : [file ?? `${name}-${version}`])),
    targets.flatMap(({ name, version }) => (version === null ? [name] : [])),
  ];
}

/** Throws unless each target is a step with this name and version. */
function requireTargets(targets: readonly Target[], steps: readonly PackageStep[]): void {
  const missing = targets.find(({ name, version }) => !steps.some((step) => step.name === name && step.to === version));
  if (!missing) return;
  throw new HelperRefusal(
    'not_found',
    `The repositories of this machine do not offer ${missing.name} ${missing.version ?? ''}. Nothing was changed.`,
  );
}

/** Version as `rpm -qa` prints it: without the epoch 0, which most packages have. */
const versionOf = (evr: string): string => evr.replace(/^0:/, '');

/** Version of a package with its epoch, as rpm prints `EPOCHNUM`. */
const withEpoch = (version: string): string => (version.includes(':') ? version : `0:${version}`);

/** Installed packages in the output of `rpm -q`. Throws if a package has several versions, such as a kernel. */
export function parseInstalledRpms(output: string): Map<string, InstalledPackage> {
  const found = new Map<string, InstalledPackage>();
  for (const line of output.split('\n')) {
    const [name = '', evr] = line.split('\t');
    if (evr === undefined) continue;
    const version = versionOf(evr);
    const other = found.get(name);
    if (other && other.version !== version) {
      throw new HelperRefusal(
        'not_supported',
        `Several versions of ${name} are installed, as of a kernel or after an interrupted update. Nothing was changed. Change this package on the machine itself.`,
      );
    }
    found.set(name, { version, complete: true });
  }
  return found;
}

const SECTION = /^(Installing|Upgrading|Downgrading|Reinstalling|Removing)\b.*:$/;

/**
 * Packages in the table of a transaction of dnf 4: name, architecture, version, repository and size below the title of each section. A long
 * name has a line of its own.
 */
export function parseTransaction(output: string): { readonly name: string; readonly to: string | null }[] {
  const found: { name: string; to: string | null }[] = [];
  let section: string | null = null;
  let columns: string[] = [];
  for (const line of output.split('\n')) {
    const title = SECTION.exec(line)?.[1];
    if (title !== undefined) section = title;
    else if (!line.startsWith(' ')) section = null;
    if (title !== undefined || section === null) {
      columns = [];
      continue;
    }
    columns.push(...line.trim().split(/\s+/));
    const [name = '', , version] = columns;
    if (version === undefined) continue;
    // "replacing" stands below a package that takes the place of another one.
    if (name !== 'replacing') found.push({ name, to: section === 'Removing' ? null : versionOf(version) });
    else if (version !== undefined) found.push({ name: nameOf(columns[1] ?? ''), to: null });
    columns = [];
  }
  return found;
}

/** Name in `name.architecture`. */
const nameOf = (full: string): string => full.replace(/\.[^.]*$/, '');

const REASON_LINES = 10;

function reasonIn(tail: string): string {
  const lines = tail.split(/[\r\n]+/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-REASON_LINES)
    .join(' ')
    .slice(-LONGEST_DETAIL / 2);
}
