/** A backup as a download: the store and the keys in one encrypted file. */
import { z } from 'zod';
import { type AgeRecipient, parseRecipient } from '../../shared/age/seal-to.ts';
import { nothing } from '../../shared/api/wire.ts';
import { FileReply, type Route, route } from './route.ts';

export interface BackupPort {
  /** Without a recipient: to the configured one. Throws `conflict` when there is none. */
  make(
    by: string,
    recipient: AgeRecipient | null,
  ): Promise<{ readonly path: string; readonly name: string; remove(): Promise<void> }>;
}

/** `recipient`: an age recipient (`age1…`) other than the configured one. */
const backupWanted = z.strictObject({ recipient: z.string().max(4000).optional() });

export function backupRoutes(backups: BackupPort): Route[] {
  return [
    route({
      name: 'backup.create',
      method: 'post',
      path: '/backup',
      summary: 'Download an encrypted backup of the store and the keys',
      body: backupWanted,
      response: nothing,
      raw: 'download',
      async handler({ body, caller, demand }) {
        // Another recipient can read everything in the file, so only an owner names one.
        if (body.recipient !== undefined) demand('backup.export');
        const recipient = body.recipient === undefined ? null : parseRecipient(body.recipient);
        const { path, name, remove } = await backups.make(caller.account.id, recipient);
        return new FileReply(path, name, 'application/octet-stream', remove);
      },
    }),
  ];
}
