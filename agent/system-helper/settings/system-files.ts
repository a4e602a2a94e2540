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
  function requirePermitted({ path, mode, reload }: ManagedFile): void {
    const isBelow = (rule: string) => (rule.endsWith('/') ? path.startsWith(rule) : path === rule);
    if (!permitted.some(isBelow) || isAgentFile(path)) {
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
    const found = await foundFile(file.path);
    if (found === null || sha256(found.content) !== sha256(file.text)) return false;
    const { uid } = await ownerOf(file, found);
    return found.mode === Number.parseInt(file.mode, 8) && found.uid === uid;
  }

  async function write(file: ManagedFile, note: PartNote): Promise<void> {
    requirePermitted(file);
    requireSafeFolder(file.path);
    if (await isAsWanted(file)) return;
    const { path, text, reload } = file;
    const found = await foundFile(path);
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
    const found = await foundFile(path);
    if (found === null || sha256(found.content) !== written) return;
    requireSafeFolder(path);
    if (content === null) rmSync(path, { force: true });
    else replace(path, Buffer.from(content, 'base64'), { mode, uid, gid });
  }

  async function reloadWaiting(units: readonly string[]): Promise<void> {
    for (const unit of units) await runNeeded(run, 'systemctl', 'try-reload-or-restart', unit);
  }

  return {
    async isApplied(files, stored) {
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

/** Throws if another user than root could move the file's folder, or replace it with a link, while the helper writes. */
function requireSafeFolder(path: string): void {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (!found) throw new HelperRefusal('failed', `The folder ${folder} does not exist.`);
    if (!found.isDirectory()) throw new HelperRefusal('failed', `${folder} is a link. Name the path without links.`);
    if (found.uid !== 0 || (found.mode & 0o022) !== 0) {
      throw new HelperRefusal(
        'not_permitted',
        `Other users than root may change ${folder}, so the helper writes no file there.`,
      );
    }
    if (folder === '/') return;
  }
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
