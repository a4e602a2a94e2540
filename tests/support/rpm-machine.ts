/**
 * A machine of its own for dnf and rpm in a temporary folder: package database, file tree, and a local repository with packages that the
 * test builds. It never touches the packages of this machine.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DnfMachine } from '../../agent/system-helper/dnf.ts';
import { type RunTool, toolRunner } from '../../agent/system-helper/run-tool.ts';
import type { SettingsMachine } from './settings-machine.ts';
import { tool } from './tools.ts';

const tools = [
  tool('dnf', 'apt install dnf'),
  tool('rpmbuild', 'apt install rpm'),
  tool('createrepo_c', 'apt install createrepo-c'),
];
export const rpmMachines = { present: tools.every(({ present }) => present) };

export interface RpmFields {
  readonly epoch?: number;
  readonly requires?: string;
  readonly obsoletes?: string;
  readonly provides?: string;
  readonly conflicts?: string;
  /** Path of an empty file in the package. By default, the package has no file. */
  readonly file?: string;
  /** Symbolic link in the package. */
  readonly link?: { readonly path: string; readonly target: string };
  /** Lua program that runs before the installation. The machine has no shell. */
  readonly pre?: string;
}

export class RpmMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'cordon-rpm-'));
  /** Runs programs of a machine that has dnf and rpm, and no apt. */
  readonly run: RunTool = toolRunner({ PATH: this.path('bin') });
  readonly options: DnfMachine = {
    dnf: [`--config=${this.path('dnf.conf')}`, `--installroot=${this.path('root')}`, '--releasever=1'],
    rpm: ['--root', this.path('root')],
  };

  constructor() {
    for (const each of ['bin', 'root', 'repository', 'build']) mkdirSync(this.path(each));
    for (const program of ['dnf', 'rpm']) symlinkSync(`/usr/bin/${program}`, this.path(`bin/${program}`));
    this.readRepositoryFrom(`file://${this.path('repository')}`);
    this.#index();
  }

  /** Makes dnf read the repository at this address. By default, it reads the folder. */
  readRepositoryFrom(address: string): void {
    const settings = [
      '[main]',
      'gpgcheck=0',
      'plugins=0',
      'reposdir=/nonexistent',
      `cachedir=${this.path('cache')}`,
      `logdir=${this.path('log')}`,
      'metadata_expire=0',
      '[test]',
      'name=test',
      `baseurl=${address}`,
    ];
    writeFileSync(this.path('dnf.conf'), `${settings.join('\n')}\n`);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Builds packages `NAME` in `VERSION-1` and publishes them in the repository. */
  publish(...packages: readonly (readonly [name: string, version: string, fields?: RpmFields])[]): void {
    for (const each of packages) this.#build('-bb', 'repository', ...each);
    this.#index();
  }

  /** Builds a package that is in no repository, and returns the path of its file. */
  build(name: string, version: string, fields: RpmFields = {}): string {
    this.#build('-bb', 'own', name, version, fields);
    return this.path(`own/noarch/${name}-${version}-1.noarch.rpm`);
  }

  /** Builds a source package, and returns the path of its file. */
  buildSource(name: string, version: string): string {
    this.#build('-bs', 'own', name, version);
    return this.path(`own/${name}-${version}-1.src.rpm`);
  }

  #build(kind: '-bb' | '-bs', folder: string, name: string, version: string, fields: RpmFields = {}): void {
    const lines = [
      `Name: ${name}`,
      `Version: ${version}`,
      'Release: 1',
      ...(fields.epoch === undefined ? [] : [`Epoch: ${fields.epoch}`]),
      'Summary: package of a test',
      'License: test',
      'BuildArch: noarch',
      ...(fields.requires === undefined ? [] : [`Requires: ${fields.requires}`]),
      ...(fields.obsoletes === undefined ? [] : [`Obsoletes: ${fields.obsoletes}`]),
      ...(fields.provides === undefined ? [] : [`Provides: ${fields.provides}`]),
      ...(fields.conflicts === undefined ? [] : [`Conflicts: ${fields.conflicts}`]),
      '%description',
      'package of a test',
      ...(fields.pre === undefined ? [] : ['%pre -p <lua>', fields.pre]),
      '%install',
      ...(fields.file === undefined ? [] : [`install -D /dev/null %{buildroot}${fields.file}`]),
      ...(fields.link === undefined
        ? []
        : [
            `mkdir -p $(dirname %{buildroot}${fields.link.path})`,
            `ln -s ${fields.link.target} %{buildroot}${fields.link.path}`,
          ]),
      '%files',
      ...[fields.file, fields.link?.path].flatMap((path) => path ?? []),
    ];
    const spec = this.path(`build/${name}.spec`);
    writeFileSync(spec, `${lines.join('\n')}\n`);
    const folders = [
      `_topdir ${this.path('build')}`,
      `_rpmdir ${this.path(folder)}`,
      `_srcrpmdir ${this.path(folder)}`,
    ];
    execFileSync('rpmbuild', ['--quiet', kind, ...folders.flatMap((each) => ['--define', each]), spec], {
      stdio: 'pipe',
    });
  }

  /** Gives this machine's dnf and rpm to a machine for settings, which then has neither apt nor flatpak. */
  installOn(machine: Pick<SettingsMachine, 'shell'>): void {
    const program = (name: string, line: string) =>
      machine.shell(`printf '%s\\n' '#!/bin/sh' '${line}' > /usr/local/sbin/${name}; chmod +x /usr/local/sbin/${name}`);
    program('apt-get', 'exit 1');
    program('flatpak', 'exit 1');
    program(
      'dnf',
      `[ "$1" = --version ] && exec /usr/bin/dnf --version; exec /usr/bin/dnf ${this.options.dnf.join(' ')} "$@"`,
    );
    program(
      'rpm',
      `case "$*" in *--package*) exec /usr/bin/rpm "$@";; esac; exec /usr/bin/rpm ${this.options.rpm.join(' ')} "$@"`,
    );
  }

  /** Version of an installed package; null without it. */
  version(name: string): string | null {
    const format = ['--queryformat', '%{VERSION}-%{RELEASE}'];
    try {
      return execFileSync('rpm', [...this.options.rpm, '-q', ...format, name], { encoding: 'utf8', stdio: 'pipe' });
    } catch {
      return null;
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #index(): void {
    execFileSync('createrepo_c', ['--quiet', this.path('repository')], { stdio: 'pipe' });
  }
}
