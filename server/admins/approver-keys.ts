import { createHash, createPublicKey } from 'node:crypto';
import type { NewPasskey } from '../../shared/api/passkeys.ts';
import { CordonError } from '../../shared/errors.ts';
import type { NewPasskeys } from './passkeys.ts';
import type { Account, ApproverKey, ApproverKeyStore, KnownApproverKey } from './ports.ts';

export function createApproverKeys(ports: {
  readonly approverKeys: ApproverKeyStore;
  readonly verifyPasskey: NewPasskeys['verifyPasskey'];
  readonly changed: () => void;
  readonly now: () => number;
}) {
  const { approverKeys, verifyPasskey, changed, now } = ports;
  return {
    /** Registers the caller's own approver key: DER SubjectPublicKeyInfo of an Ed25519 key, base64. */
    async registerApproverKey(account: Account, publicKey: string): Promise<ApproverKey> {
      const der = ed25519(publicKey);
      const key = {
        keyid: createHash('sha256').update(der).digest('hex'),
        person: account.person,
        account: account.id,
        name: account.name,
        publicKey: der.toString('base64'),
        registeredAt: now(),
        rpId: null,
      };
      await approverKeys.register(key, null);
      changed();
      return key;
    },

    /** Registers a new passkey of the caller as an approver key. The passkey serves no other purpose. */
    async registerApproverPasskey(account: Account, given: NewPasskey): Promise<ApproverKey> {
      const { passkey, spki, keyid } = await verifyPasskey(account, 'approval', given);
      const { person, id, name } = account;
      const key = { keyid, person, account: id, name, publicKey: spki, registeredAt: now(), rpId: passkey.rpId };
      await approverKeys.register(key, passkey);
      changed();
      return key;
    },

    approverKeys: (): Promise<KnownApproverKey[]> => approverKeys.keys(),
  };
}

function ed25519(publicKey: string): Buffer {
  const bytes = Buffer.from(publicKey, 'base64');
  try {
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    const der = key.export({ format: 'der', type: 'spki' });
    // Require the canonical encoding of the key, because two encodings of one key would have two key ids.
    if (key.asymmetricKeyType === 'ed25519' && der.equals(bytes)) return der;
  } catch (error) {
    throw new CordonError('invalid_input', NOT_ED25519, { path: 'publicKey' }, error);
  }
  throw new CordonError('invalid_input', NOT_ED25519, { path: 'publicKey' });
}
const NOT_ED25519 =
  'An approver key is an Ed25519 public key as DER SubjectPublicKeyInfo in base64. Create one with "cordon key create".';
