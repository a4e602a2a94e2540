/** A package database of its own in the temporary folder, in which a test installs and removes packages with the real dpkg. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needed } from './tools.ts';

/** For `it.skipIf(!packageRoots.present)`. */
export const packageRoots = needed(
  'packages to install',
  'run as root on Debian',
  process.platform === 'linux' && process.getuid?.() === 0 && hasDpkg(),
);

function hasDpkg(): boolean {
  try {
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not a system with dpkg.
    return false;
  }
}

export interface PackageRoot {
  /** Environment in which dpkg-query reads this database. */
  readonly env: Readonly<Record<string, string>>;
  install(name: string): void;
  uninstall(name: string): void;
  remove(): void;
}

export function openPackageRoot(): PackageRoot {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-packages-'));
  const admin = join(folder, 'root/var/lib/dpkg');
  for (const name of ['info', 'updates', 'triggers']) mkdirSync(join(admin, name), { recursive: true });
  writeFileSync(join(admin, 'status'), '');
  const dpkg = (...args: string[]) =>
    execFileSync('dpkg', [`--root=${join(folder, 'root')}`, '--force-unsafe-io', ...args], { stdio: 'pipe' });
  return {
    env: { DPKG_ADMINDIR: admin },
    install(name) {
      const tree = join(folder, name);
      mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
      const control = [`Package: ${name}`, 'Version: 1', 'Architecture: all', 'Maintainer: Test <test@example.org>'];
      writeFileSync(join(tree, 'DEBIAN/control'), [...control, 'Description: package of a test', ''].join('\n'));
      execFileSync('dpkg-deb', ['--build', tree, join(folder, `${name}.deb`)], { stdio: 'pipe' });
      dpkg('--install', join(folder, `${name}.deb`));
    },
    uninstall: (name) => void dpkg('--purge', name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
