import type { Workspace } from '../workspace/workspace.ts';
import type { Maildir } from './maildir.ts';

/**
 * Workspace whose lock and wipe also remove the mirror. First the key is gone, so the mirror cannot be written again. The promise resolves
 * when no plain text is left, and only then does the agent report that the command is done.
 */
export function workspaceWithMirror(workspace: Workspace, mirror: Pick<Maildir, 'removeAll'>): Workspace {
  return {
    ...workspace,
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
