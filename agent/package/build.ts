/**
 * `npm run agent-package`: builds the agent as a Debian package with its own Node, `cordon-agent_VERSION_ARCH.deb`, for the architecture of
 * this machine. The same source and SOURCE_DATE_EPOCH give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { ensurePage, PAGE_FOLDER } from '../page/build.ts';
import { bundleAgent } from './bundle.ts';

const HERE = import.meta.dirname;
const PROJECT = join(HERE, '../..');
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const LIB = 'usr/lib/cordon-agent';
const DOC = 'usr/share/doc/cordon-agent';
const UNITS = 'usr/lib/systemd/system';
/** Scripts that dpkg runs as root. */
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/** Level of zstd. A higher one takes minutes for a tenth of the size. */
const COMPRESSION = 12;
/** Parts of npm packages that no program reads at run time. */
const UNUSED = /^(?:\..*|tests?|docs?|benchmarks?|bench|examples?|.*\.(?:md|map|d\.[cm]?ts))$/i;

const packageJson = z.object({ dependencies: z.record(z.string(), z.string()).optional() });

/** Builds the package into `folder`. Returns the path of the file. `level`: of the compression; a low one is fast and gives larger files. */
export async function buildAgentPackage(folder: string, level = COMPRESSION): Promise<string> {
  const architecture = ARCHITECTURES[process.arch];
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new Error('The package can be built on Linux with x64 or arm64 only. Use such a machine.');
  }
  const tree = mkdtempSync(join(tmpdir(), 'cordon-agent-package-'));
  try {
    await writePrograms(join(tree, LIB));
    writeUnits(tree);
    writeDocuments(join(tree, DOC));
    for (const [place, name] of [
      ['usr/bin', 'cordon-agent'],
      ['usr/sbin', 'cordon-agent-system'],
    ] as const) {
      copy(join(HERE, 'program.sh'), join(tree, place, name));
    }
    writeControl(tree, architecture);
    setModes(tree);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `cordon-agent_${manifest.version}_${architecture}.deb`);
    const options = ['--root-owner-group', '-Zzstd', `-z${level}`, '--threads-max=2'];
    execFileSync('dpkg-deb', [...options, '--build', tree, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: sourceDate() },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

async function writePrograms(lib: string): Promise<void> {
  await ensurePage((line) => process.stderr.write(`${line}\n`));
  for (const name of await bundleAgent(join(lib, 'programs'))) copyModule(name, join(lib, 'node_modules'));
  copy(join(PROJECT, `node_modules/node-linux-${process.arch}/bin/node`), join(lib, 'bin/node'));
  cpSync(PAGE_FOLDER, join(lib, relative(PROJECT, PAGE_FOLDER)), { recursive: true });
  // Files that the programs read beside their sources.
  for (const path of ['agent/dovecot.conf.example', 'shared/areas/subdivisions/index.bin']) {
    copy(join(PROJECT, path), join(lib, path));
  }
  write(join(lib, 'agent/mail/message/parse-worker.ts'), "import '../../../programs/parse-worker.js';\n");
  write(join(lib, 'package.json'), `${JSON.stringify({ type: 'module', version: manifest.version })}\n`);
}

/** Copies an npm package and the packages that it needs, without the files that no program reads. */
function copyModule(name: string, modules: string): void {
  const [from, to] = [join(PROJECT, 'node_modules', name), join(modules, name)];
  if (existsSync(to)) return;
  cpSync(from, to, { recursive: true, filter: (path) => !UNUSED.test(relative(from, path).split('/').at(-1) ?? '') });
  const { dependencies = {} } = packageJson.parse(JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')));
  for (const each of Object.keys(dependencies)) copyModule(each, modules);
}

/** Units with the paths of the package. Their leading comments are steps for an installation from the source. */
function writeUnits(tree: string): void {
  for (const name of readdirSync(join(PROJECT, 'agent'))) {
    if (!/^cordon-agent[a-z-]*\.(service|socket)$/.test(name)) continue;
    const text = readFileSync(join(PROJECT, 'agent', name), 'utf8')
      .replace(/^(#.*\n)+/, '')
      .replaceAll('/opt/cordon/node_modules/.bin/node', `/${LIB}/bin/node`)
      .replaceAll('/opt/cordon/agent/', `/${LIB}/programs/`);
    write(join(tree, UNITS, name), text);
  }
  const addition = 'cordon-agent.service.d/system-helper.conf';
  copy(join(PROJECT, 'agent/cordon-agent-system.conf'), join(tree, UNITS, addition));
}

function writeDocuments(folder: string): void {
  copy(join(HERE, 'README'), join(folder, 'README'));
  copy(join(PROJECT, 'agent/system-helper/system.json.example'), join(folder, 'examples/system.json'));
  copy(join(PROJECT, 'agent/cordon-agent.geoclue.conf'), join(folder, 'examples/90-cordon-agent.geoclue.conf'));
  const licenses = ['LICENSE', 'THIRD-PARTY-NOTICES', `node_modules/node-linux-${process.arch}/LICENSE`].map((path) =>
    readFileSync(join(PROJECT, path), 'utf8'),
  );
  write(join(folder, 'copyright'), licenses.join('\n'));
}

function writeControl(tree: string, architecture: string): void {
  const files = filesIn(tree);
  const bytes = files.reduce((sum, path) => sum + statSync(join(tree, path)).size, 0);
  const sums = files.map(
    (path) =>
      `${createHash('md5')
        .update(readFileSync(join(tree, path)))
        .digest('hex')}  ${path}`,
  );
  const fields = [
    'Package: cordon-agent',
    `Version: ${manifest.version}`,
    `Architecture: ${architecture}`,
    'Maintainer: Cordon <cordon@localhost>',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    'Depends: libc6 (>= 2.28), libstdc++6, passwd',
    'Recommends: systemd, dbus',
    'Section: admin',
    'Priority: optional',
    'Description: device agent of Cordon',
    ' The agent connects this device with the Cordon server of an organization. It',
    ' runs without rights. The system helper is off until root permits it.',
  ];
  write(join(tree, 'DEBIAN/control'), `${fields.join('\n')}\n`);
  write(join(tree, 'DEBIAN/md5sums'), `${sums.join('\n')}\n`);
  for (const name of SCRIPTS) copy(join(HERE, name), join(tree, 'DEBIAN', name));
}

/** Modes do not depend on the umask or on the checkout. */
function setModes(tree: string): void {
  const programs = [`${LIB}/bin/node`, 'usr/bin/cordon-agent', 'usr/sbin/cordon-agent-system'];
  const executable = [...programs, ...SCRIPTS.map((name) => `DEBIAN/${name}`)];
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || executable.includes(relative(tree, path)) ? 0o755 : 0o644);
  }
}

const filesIn = (tree: string): string[] =>
  readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
    .sort();

/** Time of the newest commit, if no environment variable gives one. dpkg-deb uses it for all files. */
function sourceDate(): string {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return given;
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: PROJECT, encoding: 'utf8' }).trim();
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' }, level: { type: 'string' } } });
  const file = await buildAgentPackage(
    resolve(values.out),
    values.level === undefined ? undefined : Number(values.level),
  );
  console.log(`Built: ${file} (${statSync(file).size} bytes)`);
}
