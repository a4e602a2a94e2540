/**
 * Build of static pages that are missing or older than their sources. A separate process builds them, because bundling would block a server
 * for seconds. The finished build moves from a temporary folder to its final place, so that this place never has incomplete pages.
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
const CONFIG = 'vite.config.ts';
/** Path of the build tool, which is missing after `npm ci --omit=dev`. */
const BUILD_TOOL = join(PROJECT, 'node_modules/vite/package.json');
/** File in the build with the digest of its sources. */
const BUILT_FROM = '.built-from';
/**
 * Milliseconds after which a temporary folder must belong to a killed build, because a build takes only seconds. The next build removes the
 * folder.
 */
const ABANDONED = 10 * 60_000;

const COMPRESSIBLE = new Set(['.js', '.css', '.svg', '.json', '.txt', '.webmanifest']);
/** Size in bytes below which compression does not help, because the file fits into one packet. */
const SMALLEST = 1024;

export interface Pages {
  /** Name of the pages in messages to the admin or user, such as `the console`. */
  readonly name: string;
  readonly script: string;
  /** Folder with the `vite.config.ts` of the pages. The finished build also goes there. */
  readonly root: string;
  /** Source folders and files outside `root`. If one of them changes, the pages are built again. */
  readonly sources: readonly string[];
}

export const builtFolder = ({ root }: Pick<Pages, 'root'>): string => join(root, DIST);

/**
 * Builds the pages unless a build of the current sources exists. A production install has no build tools, so it keeps the existing pages.
 * Rejects with the output of a failed build, or with instructions if there are neither pages nor build tools.
 */
export async function ensureBuilt(pages: Pages, log: (line: string) => void): Promise<void> {
  const built = builtFrom(pages);
  // The Debian package of the agent has the built page without its sources.
  if (built !== null && !existsSync(join(pages.root, CONFIG))) return;
  if (built === digestOfSources(pages)) return;
  if (!existsSync(BUILD_TOOL)) {
    if (built === null) throw new Error(`${capital(pages.name)} is not built. ${howToBuild(pages)}`);
    log(`${capital(pages.name)} was built from other sources than those in this folder. ${howToBuild(pages)}`);
    return;
  }
  log(`Building ${pages.name}. This takes some seconds and happens once …`);
  // The build process gets no environment variables of the caller, so that its result does not depend on them. When the caller ends, the
  // channel between the processes closes, and the build process ends too.
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(pages)], {
    cwd: PROJECT,
    env: { NODE_ENV: 'production', NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errorOutput = `${errorOutput}${chunk}`.slice(-4000);
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0) throw new Error(`Building ${pages.name} failed.\n${errorOutput.trim()}`);
}

const capital = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;

const howToBuild = ({ root, script }: Pages): string =>
  `The build tools are not installed here. On another machine, run "npm ci && npm run ${script}" in the same version, and copy ${relative(PROJECT, join(root, DIST))} here.`;

export async function buildByHand(pages: Pages): Promise<void> {
  if (!existsSync(BUILD_TOOL)) throw new Error(howToBuild(pages));
  let isNew = false;
  await ensureBuilt(pages, (line) => {
    isNew = true;
    console.log(line);
  });
  const where = relative(process.cwd(), builtFolder(pages));
  console.log(isNew ? `Built: ${where}` : `The build in ${where} is up to date.`);
}

/** Exit code 0 after success; otherwise an error message and exit code 1. */
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

function digestOfSources({ root, sources }: Pages): string {
  const hash = createHash('sha256');
  // Hidden files belong to editors or tests, so they are not sources.
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
      configFile: join(pages.root, CONFIG),
      configLoader: 'native',
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    });
    for (const file of filesIn(folder)) compress(file);
    writeFileSync(join(folder, BUILT_FROM), digest);
    // A temporary folder is readable only by its creator, but the server may run as another user.
    chmodSync(folder, 0o755);
    moveIntoPlace(pages, folder, digest);
  } finally {
    discard();
  }
}

/** Writes compressed variants `.br` and `.gz` of a file, if they are smaller. */
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

/** Moves the build to its final place. Another process may move its own build there at any moment, so the function tries several times. */
function moveIntoPlace(pages: Pages, folder: string, digest: string): void {
  const place = builtFolder(pages);
  const aside = `${folder}-before`;
  for (let attempt = 1; ; attempt += 1) {
    // Another process has already moved an equal build to the final place, so this build is discarded. Replacing the other build would
    // leave a moment without pages.
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

// The process takes one argument: the `Pages` of `ensureBuilt`, as JSON.
if (import.meta.main) exitAfter(build(JSON.parse(process.argv[2] ?? '')));
