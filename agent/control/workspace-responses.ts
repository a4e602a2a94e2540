import type { Passcode, PasscodeView } from '../passcode/passcode-work.ts';
import { readRegularFile, USER_FILE } from '../regular-file.ts';
import { putFile } from '../workspace/put-file.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { PasscodeAction, WorkspaceRequest } from './control.ts';

export async function respondToPasscode(passcode: Passcode, act: PasscodeAction): Promise<PasscodeView> {
  switch (act.kind) {
    case 'show':
      break;
    case 'lock':
      await passcode.lock();
      break;
    case 'set':
    case 'enter':
    case 'remove':
      await passcode[act.kind](act.passcode);
      break;
    case 'change':
      await passcode.change(act.current, act.next);
      break;
  }
  return passcode.view();
}

export async function respondToWorkspace(workspace: Workspace, request: WorkspaceRequest): Promise<unknown> {
  switch (request.op) {
    case 'workspace-list':
      return workspace.list();
    case 'workspace-get':
      return (await workspace.get(request.name)).toString('base64');
    case 'workspace-put':
      return putFile(workspace, request.name, (await readRegularFile(request.file, USER_FILE)).content);
    case 'workspace-remove':
      return workspace.remove(request.name);
  }
}
