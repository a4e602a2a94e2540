/**
 * Builds the console when there is none or when it is older than its sources. The work is done by a process of its own, below normal priority:
 * bundling would hold up a server's loop for seconds. It is made beside its place and then moved there, so that two builds at once, or one that
 * is killed, leave the console that was there or the new one, whole.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
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

const HERE = import.meta.dirname;
const PROJECT = join(HERE, '../..');
const DIST = 'dist';
export const CONSOLE_FOLDER = join(HERE, DIST);
/** In the built console: the digest of what it was built from. */
const BUILT_FROM = '.built-from';
/** How the process that builds is started. */
const BUILD = '--build';
/** What a killed build left is removed by a later one after this; a build takes seconds. */
const ABANDONED = 10 * 60_000;

const COMPRESSIBLE = new Set(['.js', '.css', '.svg', '.json', '.txt', '.webmanifest']);
/** Below a packet's size there is nothing to win. */
const SMALLEST = 1024;

/** Says in one line that it builds; says nothing when there is nothing to do. Rejects with the build's own words. */
export async function ensureConsole(say: (line: string) => void): Promise<void> {
  if (builtFrom() === digestOfSources()) return;
  say('Building the console, which takes some seconds and is done once …');
  // Nothing of our own environment: what is built must not depend on who starts it. When we end, so does the channel, and with it the build.
  const child = spawn(process.execPath, [import.meta.filename, BUILD], {
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
  if (code !== 0) throw new Error(`The console could not be built.\n${said.trim()}`);
}

function builtFrom(): string | null {
  const file = join(CONSOLE_FOLDER, BUILT_FROM);
  return statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : null;
}

/** Of everything that the console is made of, names and contents. */
function digestOfSources(): string {
  const hash = createHash('sha256');
  const isSource = (file: string) => !/\.test\.tsx?$/.test(file) && !relative(HERE, file).startsWith(DIST);
  const sources = [...filesIn(HERE), ...filesIn(join(PROJECT, 'shared'))].filter(isSource).sort();
  for (const file of [...sources, join(PROJECT, 'package-lock.json')]) {
    const bytes = readFileSync(file);
    hash.update(`${relative(PROJECT, file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The process that builds. */
async function build(): Promise<void> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  removeAbandoned();
  const digest = digestOfSources();
  const folder = mkdtempSync(join(HERE, `${DIST}-`));
  const discard = () => rmSync(folder, { recursive: true, force: true });
  const giveUp = () => {
    discard();
    process.exit(1);
  };
  process.once('disconnect', giveUp).once('SIGINT', giveUp).once('SIGTERM', giveUp);
  try {
    const vite = await import('vite');
    await vite.build({
      configFile: join(HERE, 'vite.config.ts'),
      configLoader: 'native',
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    });
    for (const file of filesIn(folder)) compress(file);
    writeFileSync(join(folder, BUILT_FROM), digest);
    // A temporary folder is its maker's alone; the server may run as somebody else.
    chmodSync(folder, 0o755);
    moveIntoPlace(folder, digest);
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
function moveIntoPlace(folder: string, digest: string): void {
  const aside = `${folder}-before`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (statSync(CONSOLE_FOLDER, { throwIfNoEntry: false })) renameSync(CONSOLE_FOLDER, aside);
      renameSync(folder, CONSOLE_FOLDER);
      return;
    } catch (error) {
      // Another's of the same sources is as good.
      if (builtFrom() === digest) return;
      if (attempt === 5) throw error;
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
}

function removeAbandoned(): void {
  for (const { name } of readdirSync(HERE, { withFileTypes: true })) {
    if (!name.startsWith(`${DIST}-`)) continue;
    const folder = join(HERE, name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED) rmSync(folder, { recursive: true, force: true });
  }
}

/** `npm run console`. */
async function main(): Promise<void> {
  let isNew = false;
  await ensureConsole((line) => {
    isNew = true;
    console.log(line);
  });
  const where = relative(process.cwd(), CONSOLE_FOLDER);
  console.log(isNew ? `Built: ${where}` : `The console in ${where} is up to date.`);
}

if (import.meta.main) {
  (process.argv.includes(BUILD) ? build() : main()).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    },
  );
}
