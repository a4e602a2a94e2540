/**
 * Folder of the workspace that the organization shares with the user. Admins send files into this folder and fetch files from it, and reach
 * no other file of the workspace. On the disk, the workspace seals the files like all others, under a hash of their names.
 */
import { CordonError } from '../../shared/errors.ts';
import { fileNameSchema, LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { ORGANIZATION_FOLDER } from './folders.ts';
import type { Workspace, WorkspaceState } from './workspace.ts';

export interface OrganizationFiles {
  state(): WorkspaceState;
  list(): Promise<readonly { readonly name: string; readonly size: number }[]>;
  get(name: string): Promise<Buffer>;
  /** Stores the file, and replaces an earlier file with the same name. Throws `too_large` for a large file. */
  put(name: string, content: Buffer): Promise<void>;
  /** Overwrites and deletes the file. A missing file is no error. */
  remove(name: string): Promise<void>;
}

type Files = Pick<Workspace, 'state' | 'list' | 'get' | 'put' | 'remove'>;

export const organizationFiles = (workspace: Files): OrganizationFiles => ({
  state: workspace.state,
  async list() {
    const all = await workspace.list();
    return all.flatMap(({ name, size }) =>
      name.startsWith(ORGANIZATION_FOLDER) ? [{ name: name.slice(ORGANIZATION_FOLDER.length), size }] : [],
    );
  },
  get: async (name) => workspace.get(pathOf(name)),
  async put(name, content) {
    const path = pathOf(name);
    if (content.length > LARGEST_FILE) {
      throw new CordonError('too_large', `A file of the organization’s folder has at most ${LARGEST_FILE} bytes.`);
    }
    await workspace.put(path, content);
  },
  remove: async (name) => workspace.remove(pathOf(name)),
});

function pathOf(name: string): string {
  const parsed = fileNameSchema.safeParse(name);
  if (parsed.success) return `${ORGANIZATION_FOLDER}${parsed.data}`;
  throw new CordonError(
    'invalid_input',
    'A file of the organization’s folder has a plain name without a folder, such as report.pdf. Choose another name.',
  );
}
