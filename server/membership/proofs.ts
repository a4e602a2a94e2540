/**
 * Proofs with which a device checks that other devices are verified. A proof consists of the certificate of a messaging key and two ledger
 * entries: one for the server's signature, one for the organization's countersignature. Both entries are proved against the same
 * checkpoint.
 */
import { CordonError } from '../../shared/errors.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import type { KeySignature, LedgerPort, SignedKey, VerifiedDeviceStore } from './ports.ts';

const MOST_MEMBERS = 1000;

export interface ProofRequest {
  readonly people: readonly string[];
  readonly devices: readonly string[];
}

export interface ProofResponse {
  /** The requested people, and the owners of the requested devices. */
  readonly people: ReadonlySet<string>;
  readonly members: readonly MemberProof[];
}

export function createProofs({
  store,
  ledger,
}: {
  readonly store: Pick<VerifiedDeviceStore, 'members'>;
  readonly ledger: LedgerPort;
}): { of(request: ProofRequest, approverSet: ApproverSet | null): Promise<ProofResponse> } {
  async function provenEntries(indexes: readonly number[]): Promise<ReadonlyMap<number, MemberProof['certified']>> {
    if (indexes.length === 0) return new Map();
    const { entries, checkpoint } = await ledger.published.proveEntries(indexes);
    const key = ledger.published.verifierKey;
    return new Map(
      entries.map(({ index, body, proof }) => {
        const hashes = proof.map((hash) => hash.toString('base64'));
        return [index, { index, body: body.toString('utf8'), proof: hashes, checkpoint, key }];
      }),
    );
  }

  return {
    async of(request, approverSet) {
      if (!approverSet) return { people: new Set(request.people), members: [] };
      const search = async () =>
        published(provable(await store.members(request), approverSet), await ledger.published.size());
      let found = await search();
      if (found.some(({ entries }) => entries.includes(null))) {
        await ledger.sequence();
        found = await search();
      }
      if (found.length > MOST_MEMBERS) {
        throw new CordonError(
          'too_large',
          `The request selects ${found.length} devices. Ask about fewer people at once.`,
        );
      }
      const proofs = await provenEntries(found.flatMap(({ entries }) => entries.filter((entry) => entry !== null)));
      const members = found.flatMap(({ key, entries }): MemberProof[] => {
        const [certified, countersigned] = entries.map((entry) => (entry === null ? undefined : proofs.get(entry)));
        return certified && countersigned ? [{ certificate: envelopeOf(key), certified, countersigned }] : [];
      });
      return { people: new Set([...request.people, ...found.map(({ key }) => key.person)]), members };
    },
  };
}

/**
 * Selects the messaging keys that both an online key (of the server) and an organization key of the current approver set have signed. If
 * several online keys or several organization keys signed, the oldest signature counts, so that later signatures do not change the proof.
 */
function provable(keys: readonly SignedKey[], approverSet: ApproverSet) {
  const named = { online: idsOf(approverSet.onlineKeys), organization: idsOf(approverSet.organizationKeys) };
  return keys.flatMap((key) => {
    const oldest = (role: KeySignature['role']) =>
      key.signatures.find((signature) => signature.role === role && named[role].has(signature.keyid));
    const [online, organization] = [oldest('online'), oldest('organization')];
    return online && organization ? [{ key, entries: [online.entryIndex, organization.entryIndex] as const }] : [];
  });
}

/** Replaces the indexes of entries that the published checkpoint does not cover by null. `size`: size of the published ledger. */
const published = (found: ReturnType<typeof provable>, size: number) =>
  found.map(({ key, entries }) => ({
    key,
    entries: entries.map((index) => (index !== null && index < size ? index : null)),
  }));

const idsOf = (keys: readonly { readonly keyid: string }[]): ReadonlySet<string> =>
  new Set(keys.map(({ keyid }) => keyid));

export function envelopeOf({ payload, signatures }: SignedKey): Envelope {
  return {
    payloadType: PAYLOAD_TYPES.messagingCertificate,
    payload: Buffer.from(payload).toString('base64'),
    signatures: signatures.map(({ keyid, signature }) => ({ keyid, sig: signature })),
  };
}
