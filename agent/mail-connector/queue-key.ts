import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Workspace } from '../workspace/workspace.ts';

const FILE = 'mail-connector/key';
const NONCE = 12;
const TAG = 16;

/**
 * Encryption of queued mail: AES-256-GCM with a key in a file of the workspace. An admin's lock makes the queue unreadable until the
 * unlock, and a wipe makes it unreadable forever.
 */
export interface QueueKey {
  /** Loads the key, or makes one. Throws `workspace_locked`, `workspace_wiped`. */
  open(): Promise<void>;
  seal(context: string, plain: Uint8Array): Buffer;
  /** Decrypts bytes. Throws `document_malformed` if the bytes are damaged or were sealed with another context or key. */
  unseal(context: string, sealed: Uint8Array): Buffer;
  /** Digest of the given parts. A reader without the key learns nothing about the parts. */
  digest(...parts: readonly (string | Uint8Array)[]): string;
}

export function createQueueKey(workspace: Pick<Workspace, 'state' | 'get' | 'put'>): QueueKey {
  let key: Buffer | null = null;

  async function read(): Promise<Buffer> {
    try {
      return await workspace.get(FILE);
    } catch (error) {
      if (!isCordonError(error, 'not_found')) throw error;
      const fresh = randomBytes(32);
      await workspace.put(FILE, fresh);
      return fresh;
    }
  }

  const requireKey = (): Buffer => {
    const state = workspace.state();
    if (state !== 'open') {
      key?.fill(0);
      key = null;
      const code = state === 'wiped' ? 'workspace_wiped' : 'workspace_locked';
      throw new CordonError(code, `The workspace of this mail connector is ${state}. An admin can unlock it.`);
    }
    if (!key) throw new CordonError('unavailable', 'The mail connector is still opening its queue. Try again.');
    return key;
  };

  async function open(): Promise<void> {
    if (workspace.state() === 'open' && key) return;
    key = await read();
    requireKey();
  }

  let opening: Promise<void> | null = null;
  return {
    open() {
      // Simultaneous calls share one run. Otherwise each call would make a key of its own.
      opening ??= open().finally(() => {
        opening = null;
      });
      return opening;
    },
    seal(context, plain) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', requireKey(), nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    unseal(context, sealed) {
      const secret = requireKey();
      try {
        const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE), { authTagLength: TAG });
        decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-TAG));
        return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
      } catch (cause) {
        throw new CordonError('document_malformed', `The queued data of ${context} is damaged.`, { context }, cause);
      }
    },
    digest(...parts) {
      const hmac = createHmac('sha256', requireKey()).update('cordon mail queue digest');
      for (const part of parts) hmac.update(`${part.length}:`).update(part);
      return hmac.digest('hex');
    },
  };
}
