import { ORGANIZATION_FOLDER } from './folders.ts';
import { organizationFiles } from './organization-files.ts';
import type { Workspace } from './workspace.ts';

/** Stores a file of the user. A file of the organization's folder follows its rules for names and sizes. */
export async function putFile(workspace: Workspace, name: string, content: Buffer): Promise<void> {
  if (!name.startsWith(ORGANIZATION_FOLDER)) return workspace.put(name, content);
  await organizationFiles(workspace).put(name.slice(ORGANIZATION_FOLDER.length), content);
}
