import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import { plain } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { sendControlRequest, type WorkspaceRequest } from './control/control.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { ORGANIZATION_FOLDER, OWN_FILES } from './workspace/folders.ts';
import { putFile } from './workspace/put-file.ts';
import type { Workspace } from './workspace/workspace.ts';

export function addWorkspaceCommands(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  const workspace = program
    .command('workspace')
    .description('Store, read and list files in the encrypted workspace of this device');
  const withWorkspace = async (use: (files: Files) => Promise<void>) => {
    const { identity, workspace: folder, socket } = config();
    credentialFolder(identity).current();
    // Only these commands need the workspace, so that the others start faster.
    const { openWorkspace } = await import('./workspace/workspace.ts');
    const opened = await openWorkspace(folder);
    if (opened.state() === 'passcode') return use(filesOfDaemon(socket));
    await use({ ...opened, put: async (name, file) => putFile(opened, name, await readFile(file)) });
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
      withWorkspace((files) => files.put(userFile(name ?? basename(file)), resolve(file))),
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

interface Files extends Pick<Workspace, 'list' | 'get' | 'remove'> {
  /** Stores the file at an absolute path. */
  put(name: string, file: string): Promise<void>;
}

/** With a passcode, only the daemon has the key of the workspace. */
function filesOfDaemon(socket: string): Files {
  const ask = async (request: WorkspaceRequest): Promise<unknown> => {
    const answered = await sendControlRequest(socket, request);
    if (answered) return answered.ok;
    throw new CordonError(
      'workspace_locked',
      'The workspace has a passcode, so only the running agent can open it. Start the agent with `cordon-agent run --detach`, and enter the passcode with `cordon-agent passcode enter`.',
    );
  };
  return {
    // The daemon is the same program, and the socket belongs to this user, so the responses need no schema check.
    list: async () => (await ask({ op: 'workspace-list' })) as Awaited<ReturnType<Files['list']>>,
    get: async (name) => Buffer.from((await ask({ op: 'workspace-get', name })) as string, 'base64'),
    put: async (name, file) => void (await ask({ op: 'workspace-put', name, file })),
    remove: async (name) => void (await ask({ op: 'workspace-remove', name })),
  };
}

function userFile(name: string): string {
  if (!name.startsWith(OWN_FILES)) return name;
  throw new CordonError(
    'invalid_input',
    `Names that begin with ${OWN_FILES} are reserved for the agent. Choose another name.`,
  );
}
