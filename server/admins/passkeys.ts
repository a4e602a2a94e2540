/** Passkeys and recovery codes of accounts: registration, list and removal. `passkey-sign-in.ts` uses them. */
import type { NewPasskey } from '../../shared/api/passkeys.ts';
import { CordonError } from '../../shared/errors.ts';
import { randomBase32 } from '../../shared/protocol/ids.ts';
import type { PasskeyChallenges } from './passkey-challenges.ts';
import { ALGORITHMS, type PasskeySite, verifyRegistration } from './passkey-verification.ts';
import type { Account, Passkey, PasskeyStore, RecoveryCodeStore, StoredPasskey } from './ports.ts';
import { sha256 } from './secrets.ts';

/** Maximum number of passkeys of one account. */
const MOST_PASSKEYS = 20;
const RECOVERY_CODES = 10;
/** Random bytes of a recovery code. 80 bits are too many to guess, so SHA-256 is enough to store the code. */
const RECOVERY_BYTES = 10;
/** Milliseconds that the browser gives a person for an authenticator. */
const TIMEOUT = 120_000;

export interface PasskeyPolicy {
  /** Site on which passkeys work; null if the console has no host name, so that no passkey works. */
  readonly site: PasskeySite | null;
  readonly required: boolean;
}

export interface PasskeysPorts {
  readonly passkeys: PasskeyStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly challenges: PasskeyChallenges;
  readonly policy: PasskeyPolicy;
  readonly organization: string;
  readonly changed: () => void;
  readonly now: () => number;
}

/** Site of the passkeys. Throws `unavailable` if no passkey works. */
export function requireSite({ site }: PasskeyPolicy): PasskeySite {
  if (site) return site;
  throw new CordonError(
    'unavailable',
    'Passkeys need a host name, but the console has only an IP address. Set CORDON_ADMIN_URL to a URL with a host name.',
  );
}

export interface PasskeyRule {
  readonly passkeys: Pick<PasskeyStore, 'signInCount'>;
  readonly policy: PasskeyPolicy;
}

/**
 * True if the installation requires passkeys and the account has one for sign-in. An account without a password is exempt, because only
 * the identity provider signs it in.
 */
export async function mustUsePasskey(
  { passkeys, policy: { required, site } }: PasskeyRule,
  { id, password }: Pick<Account, 'id' | 'password'>,
): Promise<boolean> {
  return required && password && site !== null && (await passkeys.signInCount(id, site.rpId)) > 0;
}

/** Throws `passkey_required` if the account must use its passkey. */
export async function requireNoPasskey(rule: PasskeyRule, account: Account, otherwise: string): Promise<void> {
  if (await mustUsePasskey(rule, account)) throw passkeyRequired(otherwise);
}

export const passkeyRequired = (otherwise: string) =>
  new CordonError('passkey_required', `This installation requires passkeys. ${otherwise}`);

/** Normalizes a recovery code: removes the hyphens and capital letters that a person may type. */
export const recoveryHash = (code: string): string => sha256(code.toLowerCase().replaceAll(/[\s-]/g, ''));

/**
 * WebAuthn's user id. Each purpose has its own, because an authenticator keeps only one passkey of a relying party and user. It would
 * otherwise replace the passkey for sign-in by the approver key.
 */
export const userIdOf = ({ id }: Pick<Account, 'id'>, purpose: Passkey['purpose']): string =>
  Buffer.from(purpose === 'approval' ? `${id}/approval` : id).toString('base64url');

export type NewPasskeys = ReturnType<typeof createPasskeyRegistration>;

/** Creation of passkeys for both purposes. The caller stores the result. */
export function createPasskeyRegistration(
  ports: Pick<PasskeysPorts, 'passkeys' | 'challenges' | 'policy' | 'organization' | 'now'>,
) {
  const { passkeys, challenges, policy, organization, now } = ports;
  const ownerOf = ({ id }: Account, purpose: Passkey['purpose']) => `${id} ${purpose}`;

  return {
    async passkeyOptions(account: Account, purpose: Passkey['purpose']) {
      const site = requireSite(policy);
      const own = await passkeys.list(account.id);
      if (own.length >= MOST_PASSKEYS) {
        throw new CordonError('conflict', `You have ${MOST_PASSKEYS} passkeys. Remove one first.`);
      }
      const { nonce, token } = challenges.issue('register', ownerOf(account, purpose));
      const approves = purpose === 'approval';
      const excluded = own.filter((each) => each.purpose === purpose && each.rpId === site.rpId);
      return {
        token,
        origin: site.origin(),
        options: {
          rp: { id: site.rpId, name: organization },
          user: {
            id: userIdOf(account, purpose),
            // The browser shows this name in its own dialog. The name tells the person which passkey is for approvals.
            name: approves ? `${account.email} (for approvals)` : account.email,
            displayName: approves ? `${account.name} (for approvals)` : account.name,
          },
          challenge: nonce,
          pubKeyCredParams: ALGORITHMS[purpose].map((alg) => ({ type: 'public-key' as const, alg })),
          authenticatorSelection: {
            // A sign-in without an e-mail address needs a discoverable passkey. An approver key is not discoverable, so that browsers do
            // not offer it at sign-in.
            residentKey: approves ? ('discouraged' as const) : ('required' as const),
            requireResidentKey: !approves,
            userVerification: 'required' as const,
          },
          excludeCredentials: excluded.map(({ credential }) => ({ id: credential, type: 'public-key' as const })),
          attestation: 'none' as const,
          timeout: TIMEOUT,
        },
      };
    },

    /** Verifies a new passkey. The caller must store the passkey. */
    async verifyPasskey(
      account: Account,
      purpose: Passkey['purpose'],
      { token, name, response }: NewPasskey,
    ): Promise<{ readonly passkey: StoredPasskey; readonly spki: string; readonly keyid: string }> {
      const site = requireSite(policy);
      const nonce = challenges.open(token, 'register', ownerOf(account, purpose));
      const { credential, publicKey, counter, spki, keyid } = await verifyRegistration(response, nonce, {
        site,
        purpose,
      });
      challenges.use(nonce);
      const passkey: StoredPasskey = {
        id: `psk_${randomBase32(10)}`,
        account: account.id,
        purpose,
        name,
        credential,
        publicKey,
        counter,
        rpId: site.rpId,
        keyid: purpose === 'approval' ? keyid : null,
        createdAt: now(),
        lastUsedAt: null,
      };
      return { passkey, spki, keyid };
    },
  };
}

export function createPasskeys(ports: PasskeysPorts, { verifyPasskey }: Pick<NewPasskeys, 'verifyPasskey'>) {
  const { passkeys, recoveryCodes, policy, changed, now } = ports;
  const { site, required } = policy;

  return {
    async passkeys({ id }: Account) {
      return {
        passkeys: (await passkeys.list(id)).map((each) => ({ ...each, usable: each.rpId === site?.rpId })),
        recoveryCodes: await recoveryCodes.unused(id),
        site: site && { rpId: site.rpId, origin: site.origin() },
        required,
      };
    },

    async registerPasskey(account: Account, given: NewPasskey): Promise<void> {
      const { passkey } = await verifyPasskey(account, 'sign-in', given);
      await passkeys.add(passkey);
      changed();
    },

    /** Records that the approver key signed a document that the server accepted. */
    approverKeySigned: (keyid: string): Promise<void> => passkeys.signed(keyid, now()),

    /**
     * Removes a passkey. Throws `conflict` if the installation requires passkeys and this is the last one with which the account can sign
     * in.
     */
    async removePasskey({ id: account }: Account, id: string): Promise<void> {
      await passkeys.remove(account, id, required && site ? site.rpId : null);
      changed();
    },

    /** Replaces the account's recovery codes. Only the return value contains the codes. */
    async newRecoveryCodes({ id }: Account): Promise<string[]> {
      const codes = Array.from({ length: RECOVERY_CODES }, () => randomBase32(RECOVERY_BYTES));
      await recoveryCodes.replace(
        id,
        codes.map((code) => recoveryHash(code)),
        now(),
      );
      changed();
      return codes.map((code) => code.replaceAll(/(.{4})(?=.)/g, '$1-'));
    },

    /**
     * True if the installation requires passkeys and the account has none. Such an account can only register one. An account without a
     * password is exempt, because only the identity provider signs it in.
     */
    async passkeyPending({ id, password }: Pick<Account, 'id' | 'password'>): Promise<boolean> {
      return required && password && site !== null && (await passkeys.signInCount(id, site.rpId)) === 0;
    },
  };
}
