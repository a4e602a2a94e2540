/**
 * Proposals of time corrections. Approvers sign the pending proposal with their own keys or passkeys, and the server publishes the time
 * correction when enough of them have signed. Approvers with key files may also sign a file instead (`cordon time-correction sign`).
 */
import { CordonError } from '../../shared/errors.ts';
import { type ApproverSet, personsWhoSigned } from '../../shared/order/approvers.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { parseTimeCorrection } from '../../shared/order/describe-time-correction.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES, type TimeCorrection } from '../../shared/order/documents.ts';
import { hasSigned } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { People } from '../independence/independence.ts';
import type { StoredCorrection, StoredProposal, TimeCorrectionStore } from './time-correction-store.ts';

export interface ProposalView extends StoredProposal {
  /** Number of independent people of the current approver set who have signed, and number of people who must sign. */
  readonly signed: number;
  readonly needed: number;
}

interface SubmittedSignature {
  readonly keyid: string;
  readonly signature: string;
}

export type SigningPeople = Pick<People, 'independent' | 'isSame'>;

export interface TimeCorrectionProposalPorts {
  readonly store: Pick<TimeCorrectionStore, 'proposal' | 'propose' | 'addSignature'>;
  /** Current approver set. Throws `approvers_required` if there is none. */
  readonly approverSet: () => ApproverSet;
  readonly people: () => Promise<SigningPeople>;
  readonly nextVersion: () => number;
  readonly publish: (envelope: Envelope, account: string) => Promise<StoredCorrection>;
  readonly clock: Clock;
  readonly bus: Bus;
}

export type TimeCorrectionProposals = ReturnType<typeof createTimeCorrectionProposals>;

export function createTimeCorrectionProposals(ports: TimeCorrectionProposalPorts) {
  const { store, approverSet, people, nextVersion, publish, clock, bus } = ports;

  async function viewOf(proposal: StoredProposal): Promise<ProposalView> {
    const set = approverSet();
    return {
      ...proposal,
      signed: (await people()).independent(personsWhoSigned(envelopeOf(proposal), set)).size,
      needed: set.approvers.threshold,
    };
  }

  return {
    async pending(): Promise<ProposalView | null> {
      const proposal = await store.proposal();
      return proposal && (await viewOf(proposal));
    },

    /**
     * Stores a proposal, which replaces the pending one. An admin proposes a correction only after the server's clock is right again. Throws
     * `document_malformed` for times in a wrong order.
     */
    async propose(
      { from, until, reason }: Pick<TimeCorrection, 'from' | 'until' | 'reason'>,
      account: string,
    ): Promise<ProposalView> {
      const { installation } = approverSet().approvers;
      const at = clock.now();
      const earliest = new Date(at).toISOString();
      const payload = canonicalText({ installation, version: nextVersion(), earliest, from, until, reason });
      // Parses the document as devices do, before approvers sign it.
      parseTimeCorrection(Buffer.from(payload));
      const proposal = {
        digest: sha256(Buffer.from(payload)),
        payload,
        signatures: [],
        proposedAt: at,
        proposedBy: account,
      };
      await store.propose(proposal);
      bus.publish({ kind: 'orders' });
      return await viewOf(proposal);
    },

    /**
     * Adds a signature, and publishes the time correction when enough people have signed. Throws `not_found` for a proposal that is no longer
     * pending, and an error for a signature that does not count.
     */
    async sign(
      signer: { readonly person: string; readonly account: string },
      digest: string,
      { keyid, signature }: SubmittedSignature,
    ): Promise<{ readonly proposal: ProposalView; readonly published: boolean }> {
      const proposal = await store.proposal();
      if (proposal?.digest !== digest) throw noProposal();
      const set = approverSet();
      checkSigner(set, proposal, { keyid, signature }, signer.person, await people());
      const signed = await store.addSignature(digest, { keyid, sig: signature });
      if (!signed) throw noProposal();
      bus.publish({ kind: 'orders' });
      const view = await viewOf(signed);
      if (view.signed < view.needed) return { proposal: view, published: false };
      await publish(envelopeOf(signed), signer.account);
      return { proposal: view, published: true };
    },
  };
}

const envelopeOf = ({ payload, signatures }: StoredProposal): Envelope => ({
  payloadType: PAYLOAD_TYPES.timeCorrection,
  payload: Buffer.from(payload).toString('base64'),
  signatures,
});

const noProposal = () =>
  new CordonError('not_found', 'This time correction is no longer pending. List the time corrections again.');

/** Throws unless the key belongs to the signer and to the approver set, and the signature is valid. */
function checkSigner(
  set: ApproverSet,
  { payload }: StoredProposal,
  { keyid, signature }: SubmittedSignature,
  signer: string,
  people: SigningPeople,
): void {
  const key = set.keys.find((each) => each.keyid === keyid);
  if (!key) {
    const detail = `Approver set ${set.approvers.version} does not name this key. Only its approvers can sign.`;
    throw new CordonError('approver_unknown', detail, { keyid });
  }
  if (!people.isSame(set.persons.get(keyid) ?? '', signer)) {
    throw new CordonError('forbidden', 'This key belongs to another person. Sign with your own.');
  }
  const bytes = pae(PAYLOAD_TYPES.timeCorrection, Buffer.from(payload));
  if (hasSigned(key, bytes, Buffer.from(signature, 'base64'))) return;
  throw new CordonError('approval_invalid', 'The signature does not match the exact bytes of this time correction.');
}
