/**
 * Files of the system of the setting `files.content`, within the paths that the machine's owner lists. The helper writes only into folders
 * of root, so that no other user can redirect it with a link. It writes no executable file.
 */
import { chmodSync, chownSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../../shared/durable-file.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import type { ManagedFile } from '../../../shared/policy/managed-files.ts';
import { type FoundFile, foundFile } from '../../policy/found-file.ts';
import { isAgentFile } from '../agent-protection.ts';
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';
import { type PartNote, runNeeded, type SettingPart } from './setting-part.ts';

/** File before the helper's first change. `content`: base64; null if the file did not exist. `written`: digest of the helper's last text. */
const originalSchema = z.strictObject({
  path: z.string(),
  content: z.string().nullable(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  written: z.string(),
  reload: z.string().nullable(),
});
type Original = z.infer<typeof originalSchema>;

/** `reload`: units that have yet to reload, also after a crash. */
const noteSchema = z
  .strictObject({ originals: z.array(originalSchema), reload: z.array(z.string()) })
  .nullable()
  .transform((note) => note ?? { originals: [], reload: [] });

/** Rules of the machine's owner. A path that ends with `/` permits all files below the folder, and another path one file. */
export interface FileRules {
  readonly files: readonly string[];
  readonly reloads: readonly string[];
}

export function systemFilesPart(
  run: RunTool,
  { files: permitted, reloads }: FileRules,
  accountOf: (name: string) => Promise<{ readonly uid: number; readonly gid: number } | null>,
): SettingPart<readonly ManagedFile[]> {
  /** Returns true for a path that the owner permits. It decides by the text of the path, so that a refusal tells nothing about files of root. */
  function isPermitted({ path }: ManagedFile): boolean {
    const isBelow = (rule: string) => (rule.endsWith('/') ? path.startsWith(rule) : path === rule);
    return permitted.some(isBelow) && !isAgentFile(path);
  }

  function requirePermitted(file: ManagedFile): void {
    const { path, mode, reload } = file;
    if (!isPermitted(file)) {
      const how = `The owner can add "${path}", or a folder with a final "/", to "files" in system.json.`;
      throw new HelperRefusal('not_permitted', `The owner of the device does not permit changes of ${path}. ${how}`);
    }
    if ((Number.parseInt(mode, 8) & 0o111) !== 0) {
      throw new HelperRefusal('not_permitted', `The helper writes no executable file, such as ${path}.`);
    }
    if (reload !== null && !reloads.includes(reload)) {
      const how = `The owner can add "${reload}" to "reloads" in system.json.`;
      throw new HelperRefusal('not_permitted', `The owner of the device does not permit a reload of ${reload}. ${how}`);
    }
  }

  /** Owner that the file must have: the named one, the present one, or root. */
  async function ownerOf({ path, owner }: ManagedFile, found: FoundFile | null) {
    if (owner === null) return { uid: found?.uid ?? 0, gid: found?.gid ?? 0 };
    const account = await accountOf(owner);
    if (account === null) throw new HelperRefusal('failed', `${path}: This device has no user ${owner}.`);
    return account;
  }

  async function isAsWanted(file: ManagedFile): Promise<boolean> {
    const found = await readSystemFile(file.path);
    if (found === null || sha256(found.content) !== sha256(file.text)) return false;
    const { uid } = await ownerOf(file, found);
    return found.mode === Number.parseInt(file.mode, 8) && found.uid === uid;
  }

  async function write(file: ManagedFile, note: PartNote): Promise<void> {
    requirePermitted(file);
    requireSafeFolder(file.path);
    if (await isAsWanted(file)) return;
    const { path, text, reload } = file;
    const found = await readSystemFile(path);
    const owner = await ownerOf(file, found);
    const { originals, reload: waiting } = noteSchema.parse(note.value);
    const before = originals.find((each) => each.path === path) ?? {
      path,
      content: found?.content.toString('base64') ?? null,
      mode: found?.mode ?? 0o644,
      uid: found?.uid ?? 0,
      gid: found?.gid ?? 0,
    };
    note.save({
      originals: [...originals.filter((each) => each.path !== path), { ...before, written: sha256(text), reload }],
      reload: added(waiting, reload),
    });
    replace(path, Buffer.from(text), { ...owner, mode: Number.parseInt(file.mode, 8) });
  }

  /** Restores a file, unless its content has changed since the helper wrote it. */
  async function restore({ path, content, mode, uid, gid, written }: Original): Promise<void> {
    const found = await readSystemFile(path);
    if (found === null || sha256(found.content) !== written) return;
    if (content === null) rmSync(path, { force: true });
    else replace(path, Buffer.from(content, 'base64'), { mode, uid, gid });
  }

  async function reloadWaiting(units: readonly string[]): Promise<void> {
    for (const unit of units) await runNeeded(run, 'systemctl', 'try-reload-or-restart', unit);
  }

  return {
    visible: (files) => files.filter(isPermitted),
    async isApplied(files, stored) {
      if (!files.every(isPermitted)) return false;
      const { originals, reload } = noteSchema.parse(stored);
      const hasOthers = originals.some(({ path }) => !files.some((file) => file.path === path));
      if (hasOthers || reload.length > 0) return false;
      for (const file of files) if (!(await isAsWanted(file))) return false;
      return true;
    },
    async apply(files, note) {
      const problems: HelperRefusal[] = [];
      const attempt = async (path: string, work: () => Promise<void>) => {
        try {
          await work();
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          problems.push(error instanceof HelperRefusal ? error : new HelperRefusal('failed', `${path}: ${reason}.`));
        }
      };
      const dropped = noteSchema
        .parse(note.value)
        .originals.filter(({ path }) => !files.some((file) => file.path === path));
      for (const original of dropped) {
        await attempt(original.path, async () => {
          const before = noteSchema.parse(note.value);
          note.save({ ...before, reload: added(before.reload, original.reload) });
          await restore(original);
          const { originals, reload } = noteSchema.parse(note.value);
          note.save({ originals: originals.filter(({ path }) => path !== original.path), reload });
        });
      }
      for (const file of files) await attempt(file.path, () => write(file, note));
      const { originals, reload } = noteSchema.parse(note.value);
      await attempt('reload', () => reloadWaiting(reload));
      const [first] = problems;
      if (!first) {
        note.save({ originals, reload: [] });
        return;
      }
      throw new HelperRefusal(first.code, problems.map(({ message }) => message).join(' '));
    },
    async revert(stored) {
      const { originals, reload } = noteSchema.parse(stored);
      for (const original of originals) await restore(original);
      await reloadWaiting(originals.reduce((units, each) => added(units, each.reload), reload));
    },
  };
}

const added = (units: string[], unit: string | null): string[] =>
  unit === null || units.includes(unit) ? units : [...units, unit];

/**
 * Reads a file that the machine's owner permits. Null if the file or its folder does not exist. Throws if another user than root could put a
 * link, a pipe or another file into its place.
 */
export async function readSystemFile(path: string): Promise<FoundFile | null> {
  return missingFolder(path) === null ? foundFile(path) : null;
}

/** Throws as `missingFolder` does, and if the folder does not exist. */
function requireSafeFolder(path: string): void {
  const missing = missingFolder(path);
  if (missing !== null) throw new HelperRefusal('failed', `The folder ${missing} does not exist.`);
}

/**
 * Returns the first folder on the way to the file that does not exist; null if all exist. Throws if another user than root could move one of
 * them, or replace it with a link. The folders are examined from the root, so that nothing behind a link is.
 */
function missingFolder(path: string): string | null {
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === '/') break;
  }
  for (const folder of folders) {
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (!found) return folder;
    if (!found.isDirectory()) throw new HelperRefusal('failed', `${folder} is a link. Name the path without links.`);
    if (found.uid !== 0 || (found.mode & 0o022) !== 0) {
      throw new HelperRefusal(
        'not_permitted',
        `Other users than root may change ${folder}, so the helper reads and writes no file there.`,
      );
    }
  }
  return null;
}

/** Replaces a file in one step. Nobody but root can read the new content before it has its owner and mode. */
function replace(
  path: string,
  content: Buffer,
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
): void {
  const next = `${path}.cordon-new`;
  rmSync(next, { force: true });
  writeSynced(next, content, 'wx');
  chownSync(next, uid, gid);
  chmodSync(next, mode);
  renameSync(next, path);
  syncFolder(dirname(path));
}
