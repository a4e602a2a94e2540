import type { MailStores } from '../mail/mail.ts';
import type { Database } from './database.ts';
import { MailDirectoryStore } from './mail-directory-store.ts';
import { MailPieceStore } from './mail-piece-store.ts';
import { MailQueueStore } from './mail-queue-store.ts';
import { MailStore } from './mail-store.ts';

export function mailStores(database: Database): MailStores {
  const directory = new MailDirectoryStore(database);
  return {
    keys: directory,
    directory,
    pieces: new MailPieceStore(database),
    mails: new MailStore(database),
    queues: new MailQueueStore(database),
  };
}
