/** Claims of an RPM package: its relations to other packages, and its files. Read from the header, whose file list rpm installs. */
import { MOST_CLAIMS, type PackageClaims } from './package-manager.ts';
import { HelperRefusal } from './requests.ts';
import type { RunTool } from './run-tool.ts';

/** Query format of rpm that prints a line for each entry of the header. The first letter of the line names the tag of the entry. */
const FORMAT = [
  'v %{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n',
  ...['NAME', 'PROVIDENAME', 'OBSOLETENAME', 'CONFLICTNAME'].map((tag) => `[a %{${tag}}\\n]`),
  '[n %{REQUIRENAME} %{REQUIREFLAGS:depflags}\\n]',
  '[f %{FILENAMES}\\n][t %{FILELINKTOS}\\n]',
].join('');

export interface RpmClaims extends PackageClaims {
  /** Name of the package, a space, and its version with the epoch. */
  readonly identity: string;
}

/** Throws `invalid_input` if the file is no RPM package, or has a name or a path with a line feed. */
export async function rpmClaims(run: RunTool, file: string): Promise<RpmClaims> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without --nomanifest, rpm reads another file as a list of packages to open.
  const args = ['-q', '--package', '--nomanifest', '--nosignature', '--queryformat', FORMAT, file];
  const { code, tail } = await run('rpm', args, {
    within: 60_000,
    onOutput: (chunk) => {
      size += chunk.length;
      if (size > MOST_CLAIMS) throw unreadable(`its header prints more than ${MOST_CLAIMS} bytes`);
      chunks.push(chunk);
    },
  });
  if (code !== 0) throw unreadable(tail.trim());
  const lines = Buffer.concat(chunks).toString('latin1').split('\n').slice(0, -1);
  const of = (letter: string) => lines.flatMap((line) => (line.startsWith(`${letter} `) ? line.slice(2) : []));
  const [paths, targets] = [of('f'), of('t')];
  if (paths.length !== targets.length || lines.some((line) => !/^[vanft] /.test(line))) {
    throw unreadable('a name in it has a line feed');
  }
  return {
    identity: of('v')[0] ?? '',
    names: [...of('a').flatMap(wordsIn), ...of('n').flatMap(requiredNames)],
    files: paths.map((path, at) => ({ path, target: targets[at] || null })),
  };
}

const unreadable = (why: string): HelperRefusal =>
  new HelperRefusal('invalid_input', `The helper cannot read the RPM package: ${why}. Nothing was changed.`);

/** Words of a dependency. A rich dependency has several: `(one > 1 with two)`. */
const wordsIn = (dependency: string): string[] => dependency.split(/[\s()]+/).filter((word) => word !== '');

/** Names in a required dependency that is rich, or that needs an earlier or exact version. */
const requiredNames = (dependency: string): string[] =>
  dependency.startsWith('(') || / [<=]/.test(dependency) ? wordsIn(dependency) : [];
