/**
 * A machine of its own for apt and dpkg in a temporary folder: package database, file tree, and a local repository with packages that the
 * test builds. It never touches the packages of this machine.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tool } from './tools.ts';

/** For `it.skipIf(!aptMachines.present)`. The machine itself has apt and dpkg, whose programs the tests run on other folders. */
export const aptMachines = tool('dpkg-query', 'run the tests on Debian');

export interface PackageFields {
  readonly depends?: string;
  /** Shell commands that the package runs after its installation. */
  readonly postinst?: string;
  /** Content of the file in the package. By default, the version. */
  readonly content?: Buffer;
  /** Path of the file in the package. By default, `opt/NAME`. */
  readonly file?: string;
  /** Further lines of the control file, such as `Provides: other`. */
  readonly control?: readonly string[];
  /** Symbolic links in the package: target by path. */
  readonly links?: Readonly<Record<string, string>>;
  /** Lines of the list `conffiles`. */
  readonly conffiles?: readonly string[];
  /** Arguments of tar for the file archive, such as `['--owner=a b:0', 'opt']`. Without them, dpkg-deb writes the archive. */
  readonly tar?: readonly string[];
}

export class AptMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'cordon-apt-'));
  readonly #repository = join(this.folder, 'repository');

  constructor() {
    for (const each of ['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/lib/dpkg/triggers', 'var/lib/dpkg/parts']) {
      mkdirSync(this.path(each), { recursive: true });
    }
    for (const each of ['etc/apt/apt.conf.d', 'etc/apt/preferences.d', 'etc/apt/sources.list.d', 'var/log/apt']) {
      mkdirSync(this.path(each), { recursive: true });
    }
    for (const each of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial', 'repository']) {
      mkdirSync(this.path(each), { recursive: true });
    }
    for (const file of ['status', 'available']) writeFileSync(this.path(`var/lib/dpkg/${file}`), '');
    writeFileSync(this.path('etc/apt/sources.list'), `deb [trusted=yes] file:${this.#repository} ./\n`);
    writeFileSync(join(this.#repository, 'Packages'), '');
    const settings = [
      `Dir "${this.folder}/";`,
      `Dir::State::status "${this.path('var/lib/dpkg/status')}";`,
      `DPkg::Options { "--log=${this.path('var/log/dpkg.log')}"; };`,
      'APT::Sandbox::User "";',
      'Acquire::Languages "none";',
    ];
    writeFileSync(this.path('apt.conf'), `${settings.join('\n')}\n`);
  }

  /** Environment with which apt and dpkg work on this machine. */
  get env(): Record<string, string> {
    return {
      APT_CONFIG: this.path('apt.conf'),
      DPKG_ROOT: this.folder,
      DPKG_FORCE: 'not-root,script-chrootless,bad-path,downgrade',
    };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Builds a package and returns the path of its file. The package contains one file with its version. */
  build(name: string, version: string, more: PackageFields = {}): string {
    const { depends, postinst, content, file: inside = `opt/${name}`, control = [], links = {}, conffiles, tar } = more;
    const tree = this.path(`build/${name}-${version}`);
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(dirname(join(tree, inside)), { recursive: true });
    writeFileSync(join(tree, inside), content ?? version);
    const fields = [
      `Package: ${name}`,
      `Version: ${version}`,
      'Architecture: all',
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
      ...control,
      'Maintainer: Test <test@example.org>',
      'Description: package of a test',
    ];
    writeFileSync(join(tree, 'DEBIAN', 'control'), `${fields.join('\n')}\n`);
    if (postinst !== undefined) {
      writeFileSync(join(tree, 'DEBIAN', 'postinst'), `#!/bin/sh\n${postinst}\n`, { mode: 0o755 });
    }
    if (conffiles) writeFileSync(join(tree, 'DEBIAN', 'conffiles'), `${conffiles.join('\n')}\n`);
    for (const [path, target] of Object.entries(links)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      symlinkSync(target, join(tree, path));
    }
    const file = `${tree}.deb`;
    if (tar) {
      const archive = (folder: string, ...args: string[]) =>
        execFileSync('tar', ['--create', '--file=-', `--directory=${folder}`, ...args], { stdio: 'pipe' });
      const parts = { 'control.tar': archive(join(tree, 'DEBIAN'), 'control'), 'data.tar': archive(tree, ...tar) };
      writeFileSync(file, arArchive({ 'debian-binary': Buffer.from('2.0\n'), ...parts }));
      return file;
    }
    execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, file], { stdio: 'pipe' });
    return file;
  }

  /** Builds a package and publishes it in the repository. */
  publish(name: string, version: string, fields: PackageFields = {}): void {
    const file = this.build(name, version, fields);
    writeFileSync(join(this.#repository, `${name}_${version}_all.deb`), readFileSync(file));
    const entries = readdirSync(this.#repository).flatMap((each) => {
      if (!each.endsWith('.deb')) return [];
      const bytes = readFileSync(join(this.#repository, each));
      const control = execFileSync('dpkg-deb', ['--field', join(this.#repository, each)], { encoding: 'utf8' });
      const digest = createHash('sha256').update(bytes).digest('hex');
      return `${control}Filename: ./${each}\nSize: ${bytes.length}\nSHA256: ${digest}\n`;
    });
    writeFileSync(join(this.#repository, 'Packages'), entries.join('\n'));
  }

  /** Files of the repository, by name. */
  repository(): ReadonlyMap<string, Buffer> {
    return new Map(readdirSync(this.#repository).map((name) => [name, readFileSync(join(this.#repository, name))]));
  }

  /** Version of an installed package; null if dpkg does not list it as installed and configured. */
  version(name: string): string | null {
    try {
      const format = `\${db:Status-Abbrev}\t\${Version}`;
      const options = { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, ...this.env } } as const;
      const [status, version = null] = execFileSync('dpkg-query', ['-W', '-f', format, name], options).split('\t');
      return status?.startsWith('ii') ? version : null;
    } catch {
      return null;
    }
  }

  /** Runs a program on this machine, as its owner does. */
  run(program: string, ...args: string[]): void {
    execFileSync(program, args, { stdio: 'pipe', env: { ...process.env, ...this.env } });
  }

  /** Lines of dpkg's log for the package, such as `install NAME <none> 1.0`. */
  log(name: string): string[] {
    const text = this.has('var/log/dpkg.log') ? readFileSync(this.path('var/log/dpkg.log'), 'utf8') : '';
    return text.split('\n').flatMap((line) => {
      const [, , action = '', subject = '', ...versions] = line.split(' ');
      return ['install', 'upgrade', 'remove'].includes(action) && subject.split(':')[0] === name
        ? [[action, ...versions].join(' ')]
        : [];
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Archive in the format of ar (deb(5)), with one part for each file. */
function arArchive(parts: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(parts).flatMap(([name, body]) => {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`;
    return [Buffer.from(`${header}${String(body.length).padEnd(10)}\`\n`), body, Buffer.alloc(body.length % 2, '\n')];
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...blocks]);
}
