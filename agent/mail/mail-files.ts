import { CordonError, isCordonError } from '../../shared/errors.ts';
import { OWN_FILES } from '../workspace/folders.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { MailStore } from './mail-store.ts';

/** Messages and files of drafts, as sealed files in the workspace. */
export interface MailFiles {
  /** Original message of a mail. Throws `not_found`. */
  message(id: string): Promise<Buffer>;
  putMessage(id: string, message: Uint8Array): Promise<void>;
  get(file: string): Promise<Buffer>;
  put(file: string, bytes: Uint8Array): Promise<void>;
  /** Deletes the files that the store lists for removal. */
  removeMarked(): Promise<void>;
}

export const messageFile = (id: string): string => `${OWN_FILES}mail/${id}`;
export const draftFile = (id: string, name: string): string => `${OWN_FILES}mail/draft/${id}/${name}`;

export function createMailFiles(ports: {
  readonly workspace: Pick<Workspace, 'get' | 'put' | 'remove'>;
  readonly store: Pick<MailStore, 'removals' | 'removalDone'>;
}): MailFiles {
  const { workspace, store } = ports;
  const put = (file: string, bytes: Uint8Array) =>
    workspace.put(file, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return {
    async message(id) {
      try {
        return await workspace.get(messageFile(id));
      } catch (error) {
        if (!isCordonError(error, 'not_found')) throw error;
        throw new CordonError('not_found', 'This device does not have the content of the mail.', {}, error);
      }
    },
    putMessage: (id, message) => put(messageFile(id), message),
    get: (file) => workspace.get(file),
    put,
    async removeMarked() {
      for (const file of store.removals()) {
        await workspace.remove(file);
        store.removalDone(file);
      }
    },
  };
}
