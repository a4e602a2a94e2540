import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import { plain } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { ORGANIZATION_FOLDER, OWN_FILES } from './workspace/folders.ts';
import type { Workspace } from './workspace/workspace.ts';

export function addWorkspaceCommands(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  const workspace = program
    .command('workspace')
    .description('Store, read and list files in the encrypted workspace of this device');
  const withWorkspace = async (use: (workspace: Workspace) => Promise<void>) => {
    const { identity, workspace: folder } = config();
    credentialFolder(identity).current();
    // Only these commands need the workspace, so that the others start faster.
    const { openWorkspace } = await import('./workspace/workspace.ts');
    await use(await openWorkspace(folder));
  };
  workspace
    .command('put')
    .description('Copy a file into the workspace')
    .argument('<file>', 'the file to copy')
    .argument(
      '[name]',
      `name that the file gets in the workspace; by default its present name. Your organization can fetch files whose names begin with ${ORGANIZATION_FOLDER}`,
    )
    .action((file: string, name?: string) =>
      withWorkspace(async (opened) => {
        const [target, content] = [name ?? basename(file), await readFile(file)];
        const shared = sharedName(target);
        if (shared === null) return opened.put(userFile(target), content);
        const { organizationFiles } = await import('./workspace/organization-files.ts');
        await organizationFiles(opened).put(shared, content);
      }),
    );
  workspace
    .command('get')
    .description('Copy a file out of the workspace')
    .argument('<name>', 'name of the file in the workspace')
    .argument('[file]', 'destination file; by default standard output')
    .action((name: string, file?: string) =>
      withWorkspace(async (opened) => {
        const content = await opened.get(userFile(name));
        if (file === undefined) process.stdout.write(content);
        else await writeFile(file, content, { mode: 0o600 });
      }),
    );
  workspace
    .command('rm')
    .description('Delete a file of the workspace')
    .argument('<name>', 'name of the file in the workspace')
    .action((name: string) => withWorkspace((opened) => opened.remove(userFile(name))));
  workspace
    .command('ls')
    .description('List the files in the workspace')
    .action(() =>
      withWorkspace(async (opened) =>
        say(
          (await opened.list())
            .filter(({ name }) => !name.startsWith(OWN_FILES))
            .map(({ name, size }) => `${String(size).padStart(10)}  ${plain(name)}`),
        ),
      ),
    );
}

/** Name of a file in the organization's folder; null for another file. */
const sharedName = (name: string): string | null =>
  name.startsWith(ORGANIZATION_FOLDER) ? name.slice(ORGANIZATION_FOLDER.length) : null;

function userFile(name: string): string {
  if (!name.startsWith(OWN_FILES)) return name;
  throw new CordonError(
    'invalid_input',
    `Names that begin with ${OWN_FILES} are reserved for the agent. Choose another name.`,
  );
}
