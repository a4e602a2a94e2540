/** The organization's keys in the current approver set, and their countersignatures on messaging keys. */
import type { ApproverSet } from '../../shared/order/approvers.ts';
import type { ApproverSetPort, CountersignatureStore, KeySignature, SignedKey } from './ports.ts';

/**
 * Returns the current approver set. If its organization keys changed, first updates in the store which messaging keys wait for a
 * countersignature by one of these keys.
 */
export type SettledApproverSet = () => Promise<ApproverSet | null>;

export function createSettledApproverSet(
  approverSets: ApproverSetPort,
  store: Pick<CountersignatureStore, 'settle'>,
): SettledApproverSet {
  let settledFor: string | null = null;
  return async () => {
    const approverSet = approverSets.current();
    const keyids = (approverSet?.organizationKeys ?? []).map(({ keyid }) => keyid).sort();
    const name = keyids.join(' ');
    if (settledFor !== name) {
      await store.settle(keyids);
      settledFor = name;
    }
    return approverSet;
  };
}

export const countersignaturesOf = (
  { signatures }: SignedKey,
  approverSet: ApproverSet | null,
): readonly KeySignature[] =>
  signatures.filter(
    ({ keyid, role }) => role === 'organization' && approverSet?.organizationKeys.some((key) => key.keyid === keyid),
  );
