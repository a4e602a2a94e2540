/** Package database of dpkg in a temporary folder, with packages that the test builds. It never touches the packages of this machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DpkgMachine {
  /** Environment with which the programs of dpkg read this database. */
  readonly env: { readonly DPKG_ADMINDIR: string };
  install(name: string, version: string, source?: string): void;
  purge(name: string): void;
  remove(): void;
}

export function dpkgMachine(): DpkgMachine {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-dpkg-'));
  const admin = join(folder, 'admin');
  const root = join(folder, 'root');
  for (const each of ['info', 'updates', 'triggers', 'parts']) mkdirSync(join(admin, each), { recursive: true });
  for (const file of ['status', 'available']) writeFileSync(join(admin, file), '');
  mkdirSync(root);
  const dpkg = (...args: string[]) =>
    execFileSync('dpkg', [`--admindir=${admin}`, `--instdir=${root}`, '--force-not-root', ...args], { stdio: 'pipe' });
  return {
    env: { DPKG_ADMINDIR: admin },
    install(name, version, source) {
      const tree = join(folder, `${name}-${version}`);
      mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
      const fields = [
        `Package: ${name}`,
        ...(source === undefined ? [] : [`Source: ${source}`]),
        `Version: ${version}`,
        'Architecture: all',
        'Maintainer: Test <test@example.org>',
        'Description: package of a test',
      ];
      writeFileSync(join(tree, 'DEBIAN', 'control'), `${fields.join('\n')}\n`);
      execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, `${tree}.deb`], { stdio: 'pipe' });
      dpkg('--install', `${tree}.deb`);
    },
    purge: (name) => void dpkg('--purge', name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
