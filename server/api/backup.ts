import { type AgeRecipient, parseRecipient } from '../../shared/age/seal-to.ts';
import { newBackup } from '../../shared/api/backup.ts';
import { nothing } from '../../shared/api/wire.ts';
import { FileReply, type Route, route } from './route.ts';

export interface BackupPort {
  /**
   * Makes a backup. `recipient`: public key for which the backup is encrypted; null for the configured recipient. Throws `conflict` if no
   * recipient is given or configured.
   */
  make(
    by: string,
    recipient: AgeRecipient | null,
  ): Promise<{ readonly path: string; readonly name: string; remove(): Promise<void> }>;
  makeKeys: BackupPort['make'];
}

export function backupRoutes(backups: BackupPort): Route[] {
  return [
    route({
      name: 'backup.create',
      method: 'post',
      path: '/backup',
      summary: 'Download an encrypted backup of the database and keys',
      body: newBackup,
      response: nothing,
      raw: 'download',
      async handler({ body, caller, demand }) {
        // The recipient can decrypt the whole backup, so only an owner may choose a recipient other than the configured one.
        if (body.recipient !== undefined) demand('backup.export');
        const recipient = body.recipient === undefined ? null : parseRecipient(body.recipient);
        const { path, name, remove } = await backups.make(caller.account.id, recipient);
        return new FileReply(path, name, 'application/octet-stream', remove);
      },
    }),
    route({
      name: 'backup.create-keys',
      method: 'post',
      path: '/backup/person-keys',
      summary: 'Download an encrypted backup of the keys of people',
      body: newBackup,
      response: nothing,
      raw: 'download',
      async handler({ body, caller, demand }) {
        if (body.recipient !== undefined) demand('backup.export');
        const recipient = body.recipient === undefined ? null : parseRecipient(body.recipient);
        const { path, name, remove } = await backups.makeKeys(caller.account.id, recipient);
        return new FileReply(path, name, 'application/octet-stream', remove);
      },
    }),
  ];
}
