/** Claims of a Debian package: its relations to other packages (Debian Policy 7), and its files. Read from the archive itself. */
import { MOST_CLAIMS, type PackageClaims } from './package-manager.ts';
import { HelperRefusal } from './requests.ts';
import type { RunTool } from './run-tool.ts';
import { tarMembers } from './tar-members.ts';

const MINUTE = 60_000;
/** Fields that name the package itself, and packages that it replaces or conflicts with. A repository's list can name the package differently. */
const AGAINST = ['Package', 'Provides', 'Replaces', 'Conflicts', 'Breaks'];
/** Fields whose packages must be installed. A version such as `<< 2.0` in them requires another version. */
const NEEDED = ['Depends', 'Pre-Depends'];

/** Throws `invalid_input` if the file is no Debian package, or has a member that dpkg cannot read. */
export async function debClaims(run: RunTool, file: string): Promise<PackageClaims> {
  const members = tarMembers();
  const read = async (...args: string[]) => run('dpkg-deb', args, { within: MINUTE, most: MOST_CLAIMS });
  const control = await read('--field', file, ...AGAINST, ...NEEDED);
  const content = await run('dpkg-deb', ['--fsys-tarfile', file], {
    within: 10 * MINUTE,
    onOutput: (chunk) => members.write(chunk),
  });
  if (control.code !== 0 || content.code !== 0) {
    throw new HelperRefusal('invalid_input', `The file is not a Debian package. ${content.tail.trim()}`);
  }
  // dpkg-deb exits with 2 without such a list. dpkg removes or renames a listed file that the package lacks (deb-conffiles(5)).
  const listed = await read('--info', file, 'conffiles');
  const settings = listed.code === 0 ? listed.out.split('\n').flatMap((line) => /\/.*/.exec(line)?.[0] ?? []) : [];
  return {
    names: relationsIn(control.out),
    files: [...members.end(), ...settings.map((path) => ({ path, target: null }))],
  };
}

/**
 * Returns the name of the package in `control`, the names that it provides, replaces, breaks or conflicts with, and those that it needs in
 * an earlier or exact version.
 */
export const relationsIn = (control: string): string[] =>
  [...control.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)].flatMap(([, field = '', list = '']) => {
    const is = (names: readonly string[]) => names.some((name) => name.toLowerCase() === field.toLowerCase());
    return list.split(/[,|]/).flatMap((each) => {
      if (is(AGAINST) || (is(NEEDED) && /\(\s*[<=]/.test(each))) return /[^\s(:]+/.exec(each)?.[0] ?? [];
      return [];
    });
  });
