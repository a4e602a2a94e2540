/** The organisation's key beside an operator: it is in the root that the approvers sign, and countersigns whatever waits. */
import type { z } from 'zod';
import { rootView } from '../../shared/api/approvers.ts';
import { countersigned, messagingKeyPage } from '../../shared/api/membership.ts';
import { signRootPayload } from '../../shared/order/approver-key.ts';
import { countersignCertificate } from '../../shared/order/messaging-certificate.ts';
import type { Operator } from './operator.ts';
import { testKey } from './signed-documents.ts';

export interface Organisation {
  /** Everything that waits now. Returns how many there were. */
  countersign(): Promise<number>;
  /** Again and again, as somebody who sits beside it. Returns the end of it. */
  keepCountersigning(every?: number): () => Promise<void>;
}

export async function foundOrganisation({ owner, approvers, as }: Operator): Promise<Organisation> {
  const key = testKey();
  const proposal = { keyids: approvers.map((approver) => approver.key.keyid), organisationKeys: [key.publicKey] };
  let root: z.output<typeof rootView> = await as(owner, 'POST', '/approvers', rootView, proposal);
  for (const approver of approvers) {
    if (root.state === 'adopted') break;
    const signature = { keyid: approver.key.keyid, signature: signRootPayload(approver.key, root.payload) };
    root = await as(approver, 'POST', `/approvers/${root.version}/signatures`, rootView, signature);
  }

  const countersign = async (): Promise<number> => {
    const { keys } = await as(owner, 'GET', '/messaging-keys?waiting=true&limit=500', messagingKeyPage);
    if (keys.length === 0) return 0;
    const countersignatures = keys.map(({ digest, payload }) => ({
      ...{ digest, keyid: key.keyid, signature: countersignCertificate(key, payload) },
    }));
    const done = await as(owner, 'POST', '/messaging-keys/countersignatures', countersigned, { countersignatures });
    if (done.refused.length > 0) throw new Error(`refused: ${JSON.stringify(done.refused)}`);
    return done.countersigned;
  };

  return {
    countersign,
    keepCountersigning(every = 200) {
      let over = false;
      const running = (async () => {
        while (!over) {
          await countersign();
          await new Promise((resolve) => setTimeout(resolve, every));
        }
      })();
      return async () => {
        over = true;
        await running;
      };
    },
  };
}
