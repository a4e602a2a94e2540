/**
 * Files of the setting `files.content`. The agent checks all of them. It writes only below `~/`, in the home folder of its own user. It
 * writes no hidden path and no executable file there, because a server could otherwise run programs (ADR 75). The system helper writes files
 * of the system (ADR 79).
 */
import { chmod, lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../../shared/order/digest.ts';
import { isOfUser, type ManagedFile } from '../../shared/policy/managed-files.ts';
import { isMissing, namesIn, writeWhole } from '../workspace/disk.ts';
import { type CheckOutcome, met, notMet, unknown } from './checks.ts';
import { type FoundFile, foundFile } from './found-file.ts';

/** File before the agent's first write. `content`: base64; null if the file did not exist. `written`: digest of the agent's last text. */
interface Original {
  readonly path: string;
  readonly content: string | null;
  readonly mode: number | null;
  readonly written: string;
}

export interface ManagedFiles {
  /** Writes the files below `~/`, and restores the files that the policy no longer has. Reasons of failures by path. */
  apply(files: readonly ManagedFile[]): Promise<ReadonlyMap<string, string>>;
  check(files: readonly ManagedFile[], failures: ReadonlyMap<string, string>): Promise<CheckOutcome>;
}

/**
 * Manages files for the agent. `home`: home folder of the agent's user. `folder`: folder of the agent for the originals of changed files.
 */
export function createManagedFiles({
  home,
  folder,
  uidOf,
  read = foundFile,
}: {
  readonly home: string;
  readonly folder: string;
  /** Number of a local user; null if there is none. */
  readonly uidOf: (name: string) => Promise<number | null>;
  /** Reads a file for a check; null if it does not exist. */
  readonly read?: ((path: string) => Promise<FoundFile | null>) | undefined;
}): ManagedFiles {
  const located = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : path);
  const noteOf = (path: string) => join(folder, `${sha256(path)}.json`);

  async function originals(): Promise<Original[]> {
    const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'));
    return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Original));
  }

  /** Null if the agent may write the file below `~/`; otherwise the reason. */
  async function obstacle({ path, mode, owner, reload }: ManagedFile): Promise<string | null> {
    if (path.split('/').some((part) => part.startsWith('.'))) return 'The agent writes no hidden file';
    if ((Number.parseInt(mode, 8) & 0o111) !== 0) return 'The agent writes no executable file';
    if (owner !== null || reload !== null) return 'The agent sets no owner and reloads no unit below ~/';
    const parent = await existingParent(dirname(located(path)));
    const real = await realpath(home);
    const isInside = parent === real || parent.startsWith(`${real}/`);
    return isInside ? null : 'A link leads out of the home folder';
  }

  async function write(file: ManagedFile): Promise<void> {
    const path = located(file.path);
    const current = await foundFile(path);
    const [wanted, mode] = [sha256(file.text), Number.parseInt(file.mode, 8)];
    if (current !== null && sha256(current.content) === wanted && current.mode === mode) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const known = (await originals()).find((each) => each.path === file.path);
    const original = known ?? {
      path: file.path,
      content: current?.content.toString('base64') ?? null,
      mode: current?.mode ?? null,
    };
    // The original file is stored before the first write, so that a crash loses no data of the user.
    await writeWhole(noteOf(file.path), Buffer.from(JSON.stringify({ ...original, written: wanted })));
    await mkdir(dirname(path), { recursive: true });
    await replace(path, Buffer.from(file.text), mode);
  }

  /** Restores a file, unless the user has changed it since. */
  async function restore({ path, content, mode, written }: Original): Promise<void> {
    const current = await foundFile(located(path));
    if (current !== null && sha256(current.content) === written) {
      if (content === null) await rm(located(path));
      else await replace(located(path), Buffer.from(content, 'base64'), mode ?? 0o600);
    }
    await rm(noteOf(path), { force: true });
  }

  async function checkOne({ path, text, mode, owner }: ManagedFile): Promise<CheckOutcome> {
    const found = await read(located(path));
    if (found === null) return notMet(`${path} is missing.`);
    if (sha256(found.content) !== sha256(text)) return notMet(`${path} has another content.`);
    if (found.mode !== Number.parseInt(mode, 8)) return notMet(`${path} has the mode 0${found.mode.toString(8)}.`);
    if (owner !== null && (await uidOf(owner)) !== found.uid) return notMet(`${path} has another owner.`);
    return met('');
  }

  return {
    async apply(files) {
      const failures = new Map<string, string>();
      const attempt = async (path: string, work: () => Promise<unknown>) => {
        try {
          await work();
        } catch (error) {
          failures.set(path, error instanceof Error ? error.message : String(error));
        }
      };
      for (const original of await originals()) {
        if (!files.some(({ path }) => path === original.path)) await attempt(original.path, () => restore(original));
      }
      for (const file of files.filter(isOfUser)) {
        await attempt(file.path, async () => {
          const reason = await obstacle(file);
          if (reason === null) await write(file);
          else failures.set(file.path, reason);
        });
      }
      return failures;
    },
    async check(files, failures) {
      const problems: CheckOutcome[] = [];
      for (const file of files) {
        let outcome: CheckOutcome;
        try {
          outcome = await checkOne(file);
        } catch (error) {
          outcome = unknown(`${file.path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
        }
        if (outcome.status === 'met') continue;
        const failure = failures.get(file.path);
        problems.push(failure === undefined ? outcome : { ...outcome, detail: `${outcome.detail} ${failure}.` });
      }
      if (problems.length === 0)
        return met(files.length === 1 ? 'The file is as required.' : 'All files are as required.');
      const detail = problems.map((each) => each.detail).join(' ');
      return problems.some(({ status }) => status === 'not-met') ? notMet(detail) : unknown(detail);
    },
  };
}

/** Replaces a file in one step: a reader finds either the old or the new content. */
async function replace(path: string, content: Buffer, mode: number): Promise<void> {
  await writeWhole(path, content);
  await chmod(path, mode);
}

/** Path without links of the folder, or of its nearest parent that exists. */
async function existingParent(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await lstat(path);
      return await realpath(path);
    } catch (error) {
      if (!isMissing(error) || path === dirname(path)) throw error;
    }
  }
}
