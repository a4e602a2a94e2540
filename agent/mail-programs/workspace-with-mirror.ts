import type { Workspace } from '../workspace/workspace.ts';
import type { Maildir } from './maildir.ts';

/**
 * Workspace whose locks and wipe also remove the mirror. The key is destroyed first, so that no program part can write the mirror again. The
 * promise resolves when no plain text is left. Only then does the agent report the command as done.
 */
export function workspaceWithMirror(workspace: Workspace, mirror: Pick<Maildir, 'removeAll'>): Workspace {
  return {
    ...workspace,
    passcode: {
      ...workspace.passcode,
      async forget() {
        const wasOpen = await workspace.passcode.forget();
        await mirror.removeAll();
        return wasOpen;
      },
    },
    async lock(share) {
      await workspace.lock(share);
      await mirror.removeAll();
    },
    async wipe() {
      const report = await workspace.wipe();
      const { files, bytes } = await mirror.removeAll();
      if (files === 0) return report;
      return {
        filesRemoved: report.filesRemoved + files,
        bytesOverwritten: report.bytesOverwritten + bytes,
        verified: [...report.verified, 'the mirror for other mail programs is gone'],
      };
    },
  };
}
