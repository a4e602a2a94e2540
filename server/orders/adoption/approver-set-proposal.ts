import { CordonError } from '../../../shared/errors.ts';
import type { WitnessPolicy } from '../../../shared/ledger/cosignature.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { Approvers } from '../../../shared/order/documents.ts';
import { readPublicKey } from '../../../shared/order/dsse.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { People } from '../../independence/independence.ts';
import type { RegisteredKey } from '../ports.ts';

export interface ApproverSetProposal {
  readonly threshold: number;
  readonly keyids: readonly string[];
  /** Public keys of the organization in base64. If undefined, the new set keeps the organization keys of the current approver set. */
  readonly organizationKeys?: readonly string[] | undefined;
  /** Witnesses of the ledger. If undefined, the new set keeps the witnesses of the current approver set. If null, it has none. */
  readonly witnesses?: WitnessPolicy | null | undefined;
}

/**
 * Throws `same_person` unless at least `threshold` of the given people are independent.
 */
function requireIndependent(persons: readonly string[], threshold: number, people: People): void {
  const enough = people.independent(persons).size;
  if (enough >= threshold) return;
  const distinct = [...new Set(persons)];
  const reasons = distinct.flatMap((a, at) => distinct.slice(at + 1).flatMap((b) => people.relation(a, b) ?? []));
  const why = reasons.length > 0 ? ` ${reasons.slice(0, 3).join(' ')} The two count as one.` : '';
  throw new CordonError(
    'same_person',
    `These keys belong to ${enough} independent ${enough === 1 ? 'person' : 'people'}, and ${threshold} must approve.${why} Add an approver whose account none of these people created, also not through another account.`,
    { independent: enough, threshold },
  );
}

/** Throws `address_unverified` if an approver has proven neither the e-mail address of the account nor an identity at the provider. */
function requireVerified(
  named: readonly { readonly verified: boolean; readonly name: string; readonly email: string }[],
) {
  const unverified = named.filter(({ verified }) => !verified);
  if (unverified.length === 0) return;
  const listed = [...new Set(unverified.map(({ name, email }) => `${name} (${email})`))].slice(0, 5).join(', ');
  throw new CordonError(
    'address_unverified',
    `These approvers have no verified e-mail address: ${listed}. Each of them opens "Your account" in the console, presses "Send a verification link" and opens the link in the mail. With an identity provider, a link of the account to it is enough. Then propose the approver set again.`,
    { unverified: unverified.map(({ email }) => email) },
  );
}

function namedKeys(keyids: readonly string[], registered: ReadonlyMap<string, RegisteredKey>, people: People) {
  return [...new Set(keyids)].sort().map((keyid) => {
    const key = registered.get(keyid);
    if (!key) throw new CordonError('approver_unknown', `No approver has registered key ${keyid}.`, { keyid });
    if (key.active) {
      const { publicKey, rpId, verified, name, email } = key;
      const approver = { person: people.canonical(key.person), keyid, publicKey, ...(rpId !== null && { rpId }) };
      return { approver, verified, name, email };
    }
    const detail = `The account that registered key ${keyid} is disabled. Enable the account, or leave the key out.`;
    throw new CordonError('approver_unknown', detail, { keyid });
  });
}

export function approversOf(
  { threshold, keyids, organizationKeys, witnesses }: ApproverSetProposal,
  registered: ReadonlyMap<string, RegisteredKey>,
  people: People,
  server: {
    readonly installation: string;
    readonly verifiedOnly: boolean;
    readonly before: ApproverSet | null;
    readonly online: { readonly keyid: string; readonly publicKey: string };
    readonly now: Instant;
  },
): Approvers {
  const { installation, verifiedOnly, before, online, now } = server;
  const named = namedKeys(keyids, registered, people);
  if (verifiedOnly) requireVerified(named);
  const persons = named.map(({ approver }) => approver.person);
  requireIndependent(persons, threshold, people);
  const organization =
    organizationKeys?.map((publicKey) => ({ keyid: readPublicKey(publicKey).keyid, publicKey })) ??
    before?.approvers.organizationKeys ??
    [];
  const policy = witnesses === undefined ? before?.approvers.witnesses : witnesses;
  return {
    installation,
    version: (before?.approvers.version ?? 0) + 1,
    previous: before?.digest ?? null,
    threshold,
    approvers: named.map(({ approver, verified }) => ({
      ...approver,
      ...(verified && { attestation: 'verified' as const }),
    })),
    onlineKeys: [{ keyid: online.keyid, publicKey: online.publicKey }],
    ...(organization.length > 0 && { organizationKeys: organization }),
    ...(policy && { witnesses: { threshold: policy.threshold, keys: [...policy.keys] } }),
    issuedAt: new Date(now).toISOString(),
  };
}
