/** The organization's key, which the approver set names. It countersigns all pending messaging keys. */
import { setTimeout as pause } from 'node:timers/promises';
import { approverSetView } from '../../shared/api/approvers.ts';
import { countersigned, messagingKeyPage } from '../../shared/api/membership.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { countersignCertificate } from '../../shared/order/messaging-certificate.ts';
import type { Approver, Caller } from './people.ts';
import { testKey } from './signed-documents.ts';

/** Number of tolerated errors, because a test may kill the server. */
const MOST_FAILURES = 50;

export interface Organization {
  /** SubjectPublicKeyInfo in DER, base64. */
  readonly publicKey: string;
  /** Countersigns all pending keys. Returns their number. */
  countersign(): Promise<number>;
  /** Countersigns pending keys again and again. Returns a function that stops this. */
  keepCountersigning(every?: number): () => Promise<void>;
}

/** Admin whose session submits the signatures of the organization's key. */
interface Confirming {
  readonly api: Pick<Caller, 'call'>;
}

/** Proposes an approver set with the same approvers and the organization's key. The approvers sign it. */
export async function foundOrganization(owner: Confirming, approvers: readonly Approver[]): Promise<Organization> {
  const organization = newOrganization(owner);
  await adoptOrganizationKey(owner, approvers, organization.publicKey);
  return organization;
}

/** `publicKey`: SubjectPublicKeyInfo in DER, base64. */
export const adoptOrganizationKey = (owner: Confirming, approvers: readonly Approver[], publicKey: string) =>
  adoptChanged(owner, approvers, { organizationKeys: [publicKey] });

/** Adopts an approver set with the same approvers and a change. */
export async function adoptChanged(owner: Confirming, approvers: readonly Approver[], change: object): Promise<void> {
  const keyids = approvers.map(({ key }) => key.keyid);
  const proposal = { keyids, ...change };
  let approverSet = await owner.api.call('POST', '/approvers', approverSetView, proposal);
  for (const { api, key } of approvers) {
    if (approverSet.state === 'adopted') break;
    const signature = { keyid: key.keyid, signature: signApproverSetPayload(key, approverSet.payload) };
    approverSet = await api.call('POST', `/approvers/${approverSet.version}/signatures`, approverSetView, signature);
  }
}

/** Creates an organization key that no approver set names yet. */
export function newOrganization({ api }: Confirming): Organization {
  const key = testKey();
  const countersign = async (): Promise<number> => {
    const { keys } = await api.call('GET', '/messaging-keys?waiting=true&limit=500', messagingKeyPage);
    if (keys.length === 0) return 0;
    const countersignatures = keys.map(({ digest, payload }) => ({
      digest,
      keyid: key.keyid,
      signature: countersignCertificate(key, payload),
    }));
    const done = await api.call('POST', '/messaging-keys/countersignatures', countersigned, { countersignatures });
    if (done.refused.length > 0) throw new Error(`refused: ${JSON.stringify(done.refused)}`);
    return done.countersigned;
  };

  return {
    publicKey: key.publicKey,
    countersign,
    keepCountersigning(every = 200) {
      let over = false;
      const failed: unknown[] = [];
      const running = (async () => {
        while (!over) {
          // Errors are ignored for a while, because a server that is down will restart.
          await countersign().catch((error: unknown) => failed.push(error));
          await pause(every, undefined, { ref: false });
        }
      })();
      return async () => {
        over = true;
        await running;
        if (failed.length > MOST_FAILURES) throw failed[0];
      };
    },
  };
}
