/**
 * Time corrections on the server. The server verifies a time correction by the same rules as devices, stores it with a ledger entry, and
 * sends it to devices. The server signs no time correction.
 */
import { CordonError } from '../../shared/errors.ts';
import { type ApproverSet, personsWhoSigned, readApproverSet } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import {
  createTimeCorrectionProposals,
  type SigningPeople,
  type TimeCorrectionProposals,
} from './time-correction-proposals.ts';
import type { StoredCorrection, TimeCorrectionStore } from './time-correction-store.ts';

const MOST_LISTED = 100;

export interface TimeCorrections extends TimeCorrectionProposals {
  list(): Promise<StoredCorrection[]>;
  newest(): Envelope | null;
  publish(envelope: Envelope, account: string): Promise<StoredCorrection>;
}

/** Throws `threshold_not_met` unless enough independent people signed. Devices know no relations, and count different people. */
function requireIndependent(people: SigningPeople, envelope: Envelope, set: ApproverSet): void {
  const needed = set.approvers.threshold;
  const signed = people.independent(personsWhoSigned(envelope, set)).size;
  if (signed >= needed) return;
  throw new CordonError(
    'threshold_not_met',
    `${signed} independent people of the current approver set signed the time correction, and it needs ${needed}. Two people count as one if one of them created the account of the other. Ask another approver to sign.`,
    { signed, threshold: needed },
  );
}

export async function openTimeCorrections(ports: {
  readonly store: TimeCorrectionStore;
  readonly approverSets: {
    envelopes(): readonly Envelope[];
    people(): Promise<SigningPeople>;
  };
  readonly clock: Clock;
  readonly bus: Bus;
}): Promise<TimeCorrections> {
  const { store, approverSets, clock, bus } = ports;
  let [newest = null] = await store.corrections(1);
  const nextVersion = () => (newest?.version ?? 0) + 1;

  function approverSet(): ApproverSet {
    const set = approverSets.envelopes().at(-1);
    if (!set) throw new CordonError('approvers_required', 'There is no approver set yet.');
    return readApproverSet(set);
  }

  async function publish(envelope: Envelope, account: string): Promise<StoredCorrection> {
    const set = approverSet();
    const correction = verifyTimeCorrection(envelope, set);
    requireIndependent(await approverSets.people(), envelope, set);
    const next = nextVersion();
    if (correction.version !== next) {
      throw new CordonError(
        'conflict',
        `The next time correction must have version ${next}, not ${correction.version}.`,
      );
    }
    const stored = { version: next, envelope, publishedAt: clock.now(), publishedBy: account };
    await store.addCorrection(stored, {
      kind: 'time.corrected',
      at: stored.publishedAt,
      subject: null,
      public: {
        version: next,
        digest: sha256(Buffer.from(envelope.payload, 'base64')),
        from: Date.parse(correction.from),
        until: Date.parse(correction.until),
      },
    });
    newest = stored;
    bus.publish({ kind: 'time-correction' });
    return stored;
  }

  return {
    ...createTimeCorrectionProposals({
      store,
      approverSet,
      people: approverSets.people,
      nextVersion,
      publish,
      clock,
      bus,
    }),
    list: () => store.corrections(MOST_LISTED),
    newest: () => newest?.envelope ?? null,
    publish,
  };
}
