/**
 * Confirmation of an action by a passkey. The passkey signs a statement with the hash of the action's exact content. The server keeps the
 * assertion, and the ledger has its hash. A confirmation is also a step-up, because the authenticator has just verified the person.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { passkeyConfirmation } from '../../shared/api/passkeys.ts';
import { CordonError } from '../../shared/errors.ts';
import { type EncodedAssertion, encodeAssertion } from '../../shared/order/passkey-assertion.ts';
import { statementBytes, statementText } from '../../shared/order/passkey-challenge.ts';
import { verifyPasskey } from '../../shared/order/passkey-signature.ts';
import { type CounterPorts, challengeFor, useCounter } from './passkey-sign-in.ts';
import { spkiOf } from './passkey-verification.ts';
import { type PasskeysPorts, requireSite } from './passkeys.ts';
import type { Account, ActionConfirmation } from './ports.ts';

export interface ActionText {
  readonly action: string;
  /** Content of the action as JSON. `hash` is the SHA-256 of this text. */
  readonly content: string;
  readonly hash: string;
}

export type ActionConfirmations = ReturnType<typeof createActionConfirmation>;

export function createActionConfirmation(ports: CounterPorts & Pick<PasskeysPorts, 'challenges' | 'policy'>) {
  const { passkeys, challenges, policy, now } = ports;
  const ownerOf = ({ id }: Account, { hash }: ActionText) => `${id} ${hash}`;

  async function demand(account: Account, text: ActionText): Promise<CordonError> {
    const challenge = await challengeFor(ports, account, 'action', ownerOf(account, text));
    return new CordonError('passkey_required', `The action ${text.action} must be confirmed with your passkey.`, {
      ...challenge,
      ...text,
    });
  }

  return {
    requiresPasskeys: policy.required,

    async holdsPasskey({ id }: Account): Promise<boolean> {
      return policy.site !== null && (await passkeys.signInCount(id, policy.site.rpId)) > 0;
    },

    /**
     * Verifies the confirmation in `header`. Throws `passkey_required` without a confirmation, and `passkey_invalid` if another passkey
     * signed it or if it confirms another action.
     */
    async confirmAction(account: Account, text: ActionText, header: string | null): Promise<ActionConfirmation> {
      if (header === null) throw await demand(account, text);
      const site = requireSite(policy);
      const { token, credential, assertion: parts } = parsed(header);
      const nonce = challenges.open(token, 'action', ownerOf(account, text));
      const { passkey, account: holder } = (await passkeys.find(credential)) ?? {};
      if (passkey?.purpose !== 'sign-in' || holder?.id !== account.id) throw refusal();
      const statement = statementText({ purpose: 'action', nonce, action: text.hash });
      const der = await spkiOf(Buffer.from(passkey.publicKey, 'base64url'));
      const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
      const bytes = Buffer.from(encodeAssertion(parts), 'base64');
      if (!verifyPasskey({ key, rpId: site.rpId }, statementBytes(statement), bytes)) throw refusal();
      challenges.use(nonce);
      await useCounter(ports, { passkey, account }, counterOf(parts));
      return {
        digest: createHash('sha256').update(bytes).digest('hex'),
        account: account.id,
        passkey: passkey.id,
        actionHash: text.hash,
        content: text.content,
        statement,
        assertion: bytes.toString('utf8'),
        at: now(),
      };
    },

    keepConfirmation: passkeys.keep.bind(passkeys),
  };
}

/** Signature counter, after the hash of the relying party id and the flags (WebAuthn, section 6.1). */
const counterOf = ({ authenticatorData }: EncodedAssertion): number =>
  Buffer.from(authenticatorData, 'base64url').readUInt32BE(33);

function parsed(header: string) {
  try {
    return passkeyConfirmation.parse(JSON.parse(Buffer.from(header, 'base64url').toString()));
  } catch (error) {
    throw new CordonError('invalid_input', 'The header X-Cordon-Passkey has no confirmation.', {}, error);
  }
}

const refusal = () =>
  new CordonError('passkey_invalid', 'The passkey did not confirm exactly this action. Repeat the action.');
