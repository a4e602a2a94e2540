/**
 * What keeps messages unreadable on the disk: AES-256-GCM under a key that is a file of the workspace. So an admin's lock makes them unreadable
 * until the unlock, and a wipe for good. The key is in memory only while the workspace is open, which is looked at before each use.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { OWN_FILES, WIPED, type Workspace } from '../workspace/workspace.ts';
import type { MessagingValues } from './message-store.ts';

const FILE = `${OWN_FILES}key`;
const NONCE = 12;
const TAG = 16;

export interface Vault {
  /** `closed`: the workspace is open and the key has not been read yet. */
  state(): 'open' | 'closed' | 'locked' | 'wiped';
  /** Reads the key, or makes the first one. `fresh`: what was sealed before cannot be opened any more and has been forgotten. */
  open(): Promise<{ readonly fresh: boolean }>;
  /** `context` is bound in: what was sealed as one thing does not open as another. Throws `workspace_locked`, `workspace_wiped`. */
  sealBytes(context: string, plain: Uint8Array): Buffer;
  /** Throws `document_malformed` as well. */
  openBytes(context: string, sealed: Uint8Array): Buffer;
  /** The same for what is JSON, which only this device writes. */
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

  const held = (): Buffer => {
    const now = state();
    if (key) return key;
    if (now === 'wiped') {
      throw new CordonError('workspace_wiped', WIPED);
    }
    if (now === 'locked') {
      throw new CordonError(
        'workspace_locked',
        'The workspace is locked by your organisation; an admin can unlock it, and what came meanwhile is there then.',
      );
    }
    throw new CordonError('unavailable', 'Messages are just being opened; try again in a moment.');
  };

  const read = async (): Promise<Buffer | null> => {
    try {
      return await workspace.get(FILE);
    } catch (error) {
      if (isCordonError(error, 'not_found')) return null;
      throw error;
    }
  };

  /** Key first, then what tells by which one the rows are sealed: killed in between, the next start sees another key and begins anew. */
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
    // Locked while it was read.
    held();
    return { fresh: !known };
  };

  const sealBytes: Vault['sealBytes'] = (context, plain) => {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', held(), nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };

  const openBytes: Vault['openBytes'] = (context, sealed) => {
    const secret = held();
    try {
      const nonce = sealed.subarray(0, NONCE);
      const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG });
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-TAG));
      return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
    } catch (cause) {
      throw new CordonError('document_malformed', `What was kept as ${context} is damaged.`, { context }, cause);
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
