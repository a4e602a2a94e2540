/**
 * Builds pages that are served as files when there are none or when they are older than their sources. The work is done by a process of its own,
 * below normal priority: bundling would hold up a server's loop for seconds. It is made beside its place and then moved there, so that two builds
 * at once, or one that is killed, leave the pages that were there or the new ones, whole.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants, setPriority } from 'node:os';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';

const PROJECT = join(import.meta.dirname, '../..');
const DIST = 'dist';
/** `npm ci --omit=dev` leaves it out. */
const BUILD_TOOL = join(PROJECT, 'node_modules/vite/package.json');
/** In what was built: the digest of what it was built from. */
const BUILT_FROM = '.built-from';
/** What a killed build left is removed by a later one after this; a build takes seconds. */
const ABANDONED = 10 * 60_000;

const COMPRESSIBLE = new Set(['.js', '.css', '.svg', '.json', '.txt', '.webmanifest']);
/** Below a packet's size there is nothing to win. */
const SMALLEST = 1024;

export interface Pages {
  /** As a sentence names them: `the console`. */
  readonly name: string;
  /** The npm script that builds them. */
  readonly script: string;
  /** The folder of their `vite.config.ts`, in which they are built too. */
  readonly root: string;
  /** What they are made of besides: folders and files. */
  readonly sources: readonly string[];
}

/** Where they are when they are built. */
export const builtFolder = ({ root }: Pick<Pages, 'root'>): string => join(root, DIST);

/**
 * Builds the pages unless they are built from these sources. `say` gets one line before a build. A production install has no build tools:
 * there, existing pages stay as they are. Rejects with the output of the build, or with how to build.
 */
export async function ensureBuilt(pages: Pages, say: (line: string) => void): Promise<void> {
  const built = builtFrom(pages);
  if (built === digestOfSources(pages)) return;
  if (!existsSync(BUILD_TOOL)) {
    if (built === null) throw new Error(`${capital(pages.name)} is not built. ${howToBuild(pages)}`);
    say(`${capital(pages.name)} was built from other sources than those in this folder. ${howToBuild(pages)}`);
    return;
  }
  say(`Building ${pages.name}, which takes some seconds and is done once …`);
  // Nothing of our own environment: what is built must not depend on who starts it. When we end, so does the channel, and with it the build.
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(pages)], {
    cwd: PROJECT,
    env: { NODE_ENV: 'production', NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0) throw new Error(`Building ${pages.name} failed.\n${said.trim()}`);
}

const capital = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;

const howToBuild = ({ root, script }: Pages): string =>
  `The build tools are not installed here. On another machine, run "npm ci && npm run ${script}" in the same version, and copy ${relative(PROJECT, join(root, DIST))} here.`;

/** `npm run console` and `npm run page`. */
export async function buildByHand(pages: Pages): Promise<void> {
  if (!existsSync(BUILD_TOOL)) throw new Error(howToBuild(pages));
  let isNew = false;
  await ensureBuilt(pages, (line) => {
    isNew = true;
    console.log(line);
  });
  const where = relative(process.cwd(), builtFolder(pages));
  console.log(isNew ? `Built: ${where}` : `What is in ${where} is up to date.`);
}

/** Ends the process as its work ended. */
export function exitAfter(work: Promise<void>): void {
  work.then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    },
  );
}

function builtFrom(pages: Pages): string | null {
  const file = join(builtFolder(pages), BUILT_FROM);
  return statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : null;
}

/** Of everything that they are made of, names and contents. */
function digestOfSources({ root, sources }: Pages): string {
  const hash = createHash('sha256');
  // What is hidden is somebody's editor's, or a test's.
  const isSource = (file: string) =>
    !/\.test\.tsx?$/.test(file) &&
    !/(^|[\\/])\./.test(relative(PROJECT, file)) &&
    !relative(root, file).startsWith(DIST);
  const files = new Set([root, ...sources].flatMap(filesIn).filter(isSource));
  for (const file of [...[...files].sort(), join(PROJECT, 'package-lock.json')]) {
    const bytes = readFileSync(file);
    hash.update(`${relative(PROJECT, file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function filesIn(place: string): string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The process that builds. */
async function build(pages: Pages): Promise<void> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  removeAbandoned(pages);
  const digest = digestOfSources(pages);
  const folder = mkdtempSync(join(pages.root, `${DIST}-`));
  const discard = () => rmSync(folder, { recursive: true, force: true });
  const giveUp = () => {
    discard();
    process.exit(1);
  };
  process.once('disconnect', giveUp).once('SIGINT', giveUp).once('SIGTERM', giveUp);
  try {
    const vite = await import('vite');
    await vite.build({
      configFile: join(pages.root, 'vite.config.ts'),
      configLoader: 'native',
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    });
    for (const file of filesIn(folder)) compress(file);
    writeFileSync(join(folder, BUILT_FROM), digest);
    // A temporary folder is its maker's alone; the server may run as somebody else.
    chmodSync(folder, 0o755);
    moveIntoPlace(pages, folder, digest);
  } finally {
    discard();
  }
}

/** Beside the file, as `.br` and `.gz`, where that makes it smaller. */
function compress(file: string): void {
  const bytes = readFileSync(file);
  if (!COMPRESSIBLE.has(extname(file)) || bytes.length < SMALLEST) return;
  const params = {
    [zlib.BROTLI_PARAM_MODE]: zlib.BROTLI_MODE_TEXT,
    [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY,
    [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const made = { br: brotliCompressSync(bytes, { params }), gz: gzipSync(bytes, { level: 9 }) };
  for (const [name, smaller] of Object.entries(made)) {
    if (smaller.length < bytes.length) writeFileSync(`${file}.${name}`, smaller);
  }
}

/** A folder takes a name that is free, or none. Another build may free and take it at any moment: then ours tries again. */
function moveIntoPlace(pages: Pages, folder: string, digest: string): void {
  const place = builtFolder(pages);
  const aside = `${folder}-before`;
  for (let attempt = 1; ; attempt += 1) {
    // Another's of the same sources is as good, and whoever is served it is not without pages while one takes the place of the other.
    if (builtFrom(pages) === digest) return;
    try {
      if (statSync(place, { throwIfNoEntry: false })) renameSync(place, aside);
      renameSync(folder, place);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
}

function removeAbandoned({ root }: Pages): void {
  for (const { name } of readdirSync(root, { withFileTypes: true })) {
    if (!name.startsWith(`${DIST}-`)) continue;
    const folder = join(root, name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED) rmSync(folder, { recursive: true, force: true });
  }
}

// One argument: our own `Pages`, from `ensureBuilt`.
if (import.meta.main) exitAfter(build(JSON.parse(process.argv[2] ?? '')));
