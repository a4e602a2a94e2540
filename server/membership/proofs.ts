/** What proves members: their certificates, and from the ledger both leaves of each, all of one and the same tree. */
import { CordonError } from '../../shared/errors.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import type { KeySignature, LedgerPort, MembershipStore, SignedKey } from './ports.ts';

/** Devices in one answer. */
const MOST_MEMBERS = 1000;

export interface AskedAbout {
  readonly people: readonly string[];
  readonly devices: readonly string[];
}

export interface Answered {
  /** Those who were asked about, and whose devices were. */
  readonly people: ReadonlySet<string>;
  readonly members: readonly MemberProof[];
}

export function createProofs({
  store,
  ledger,
}: {
  readonly store: Pick<MembershipStore, 'members'>;
  readonly ledger: LedgerPort;
}): { of(asked: AskedAbout, root: Root | null): Promise<Answered> } {
  async function provenLeaves(indexes: readonly number[]): Promise<ReadonlyMap<number, MemberProof['certified']>> {
    if (indexes.length === 0) return new Map();
    const { leaves, checkpoint } = await ledger.proveLeaves(indexes);
    const key = ledger.verifierKey;
    return new Map(
      leaves.map(({ index, body, proof }) => {
        const hashes = proof.map((hash) => hash.toString('base64'));
        return [index, { index, body: body.toString('utf8'), proof: hashes, checkpoint, key }];
      }),
    );
  }

  return {
    async of(asked, root) {
      if (!root) return { people: new Set(asked.people), members: [] };
      let found = provable(await store.members(asked), root);
      if (found.some(({ leaves }) => leaves.includes(null))) {
        await ledger.sequence();
        found = provable(await store.members(asked), root);
      }
      if (found.length > MOST_MEMBERS) {
        throw new CordonError('too_large', `These are ${found.length} devices: ask about fewer people at once.`);
      }
      const proofs = await provenLeaves(found.flatMap(({ leaves }) => leaves.filter((leaf) => leaf !== null)));
      const members = found.flatMap(({ key, leaves }): MemberProof[] => {
        const [certified, countersigned] = leaves.map((leaf) => (leaf === null ? undefined : proofs.get(leaf)));
        return certified && countersigned ? [{ certificate: envelopeOf(key), certified, countersigned }] : [];
      });
      return { people: new Set([...asked.people, ...found.map(({ key }) => key.person)]), members };
    },
  };
}

/** With the leaves of the oldest signatures of each kind that the root still names. */
function provable(keys: readonly SignedKey[], root: Root) {
  const named = { online: idsOf(root.onlineKeys), organisation: idsOf(root.organisationKeys) };
  return keys.flatMap((key) => {
    const oldest = (role: KeySignature['role']) =>
      key.signatures.find((signature) => signature.role === role && named[role].has(signature.keyid));
    const [online, organisation] = [oldest('online'), oldest('organisation')];
    return online && organisation ? [{ key, leaves: [online.leafIndex, organisation.leafIndex] as const }] : [];
  });
}

const idsOf = (keys: readonly { readonly keyid: string }[]): ReadonlySet<string> =>
  new Set(keys.map(({ keyid }) => keyid));

export function envelopeOf({ payload, signatures }: SignedKey): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.messagingCertificate,
    payload: Buffer.from(payload).toString('base64'),
    signatures: signatures.map(({ keyid, signature }) => ({ keyid, sig: signature })),
  };
}
