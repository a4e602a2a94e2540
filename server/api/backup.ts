/** A consistent copy of the store while it is in use. Keys are not in it: back up the data folder's key files apart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nothing } from '../../shared/api/wire.ts';
import { FileReply, type Route, route } from './route.ts';

export interface BackupPort {
  /** Writes the copy to a new file, 0600. */
  backupTo(path: string): Promise<void>;
}

export function backupRoutes(store: BackupPort): Route[] {
  return [
    route({
      name: 'backup.create',
      method: 'post',
      path: '/backup',
      summary: 'Download a consistent copy of the SQLite store',
      response: nothing,
      raw: 'download',
      async handler() {
        const folder = await mkdtemp(join(tmpdir(), 'cordon-backup-'));
        const remove = () => rm(folder, { recursive: true, force: true });
        const path = join(folder, 'cordon.sqlite');
        try {
          await store.backupTo(path);
        } catch (error) {
          await remove();
          throw error;
        }
        return new FileReply(path, 'cordon.sqlite', 'application/vnd.sqlite3', remove);
      },
    }),
  ];
}
