import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { OWN_FILES } from '../../workspace/folders.ts';
import { requireOpen, WIPED, type Workspace, type WorkspaceState } from '../../workspace/workspace.ts';
import type { MessagingValues } from '../message-store.ts';

const FILE = `${OWN_FILES}key`;
const NONCE = 12;
const TAG = 16;

/**
 * Encryption of messages on the disk: AES-256-GCM with a key in a file of the workspace. An admin's lock makes messages unreadable until
 * the unlock, and a wipe makes them unreadable forever. The key is in memory only while the workspace is open.
 */
export interface Vault {
  /**
   * State of the encrypted messages. `closed`: the messages may be read, but the agent has not loaded the key yet. Other states are those
   * of the workspace (folder with the work data and this key).
   */
  state(): WorkspaceState | 'closed';
  /** Loads the key of the messages, or makes one. `fresh`: the key is new, and data sealed with an earlier key was deleted. */
  open(): Promise<{ readonly fresh: boolean }>;
  /**
   * Seals (encrypts) bytes. `context` is authenticated: data sealed with one context cannot be opened with another. Throws
   * `workspace_locked`, `workspace_wiped`.
   */
  sealBytes(context: string, plain: Uint8Array): Buffer;
  /**
   * Decrypts bytes. Throws `workspace_locked`, `workspace_wiped`, and `document_malformed` if the bytes are damaged or were sealed with
   * another context.
   */
  openBytes(context: string, sealed: Uint8Array): Buffer;
  seal(context: string, value: unknown): Buffer;
  unseal<T>(context: string, sealed: Uint8Array): T;
}

export function createVault(ports: {
  readonly workspace: Pick<Workspace, 'state' | 'get' | 'put'>;
  readonly store: MessagingValues;
}): Vault {
  const { workspace, store } = ports;
  let key: Buffer | null = null;

  const state = (): ReturnType<Vault['state']> => {
    const now = workspace.state();
    if (now !== 'open') {
      key?.fill(0);
      key = null;
      return now;
    }
    return key ? 'open' : 'closed';
  };

  const requireKey = (): Buffer => {
    const now = state();
    if (key) return key;
    if (now === 'wiped') {
      throw new CordonError('workspace_wiped', WIPED);
    }
    if (now === 'passcode') requireOpen(now);
    if (now === 'locked') {
      throw new CordonError(
        'workspace_locked',
        'Your organization locked the workspace. An admin can unlock it. New messages arrive after the unlock.',
      );
    }
    throw new CordonError('unavailable', 'The agent is still opening the messages. Try again in a moment.');
  };

  const read = async (): Promise<Buffer | null> => {
    try {
      return await workspace.get(FILE);
    } catch (error) {
      if (isCordonError(error, 'not_found')) return null;
      throw error;
    }
  };

  /**
   * Loads the key, or makes one if the workspace has none. If the database does not contain the digest of the key, the key is new. All
   * stored messages were then sealed with an earlier, lost key, so the function deletes them.
   */
  const open = async (): Promise<{ readonly fresh: boolean }> => {
    if (state() === 'open') return { fresh: false };
    let found = await read();
    if (!found) {
      found = randomBytes(32);
      await workspace.put(FILE, found);
    }
    const id = createHash('sha256').update('cordon messaging key').update(found).digest();
    const known = store.messagingValue('vault')?.equals(id) ?? false;
    if (!known) {
      store.transaction(() => {
        store.forgetMessaging();
        store.saveMessagingValue('vault', id);
      });
    }
    key = found;
    // An admin may have locked the workspace while the key was read.
    requireKey();
    return { fresh: !known };
  };

  const sealBytes: Vault['sealBytes'] = (context, plain) => {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', requireKey(), nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };

  const openBytes: Vault['openBytes'] = (context, sealed) => {
    const secret = requireKey();
    try {
      const nonce = sealed.subarray(0, NONCE);
      const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG });
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-TAG));
      return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
    } catch (cause) {
      throw new CordonError('document_malformed', `The stored data of ${context} is damaged.`, { context }, cause);
    }
  };

  let opening: Promise<{ readonly fresh: boolean }> | null = null;
  return {
    state,
    open() {
      opening ??= open().finally(() => {
        opening = null;
      });
      return opening;
    },
    sealBytes,
    openBytes,
    seal: (context, value) => sealBytes(context, Buffer.from(JSON.stringify(value))),
    unseal: (context, sealed) => JSON.parse(openBytes(context, sealed).toString('utf8')),
  };
}
