/** The organisation's key beside an operator: it is in the root that the approvers sign, and countersigns whatever waits. */
import { setTimeout as pause } from 'node:timers/promises';
import { rootView } from '../../shared/api/approvers.ts';
import { countersigned, messagingKeyPage } from '../../shared/api/membership.ts';
import { signRootPayload } from '../../shared/order/approver-key.ts';
import { countersignCertificate } from '../../shared/order/messaging-certificate.ts';
import type { Approver, Person } from './people.ts';
import { testKey } from './signed-documents.ts';

/** A few may come of a server that a test kills. */
const MOST_FAILURES = 50;

export interface Organisation {
  /** SubjectPublicKeyInfo in DER, base64. */
  readonly publicKey: string;
  /** Everything that waits now. Returns how many there were. */
  countersign(): Promise<number>;
  /** Again and again, as somebody who sits beside it. Returns the end of it. */
  keepCountersigning(every?: number): () => Promise<void>;
}

/** Proposed with the approvers that there are, and signed by them: the next root names its key. */
export async function foundOrganisation(owner: Person, approvers: readonly Approver[]): Promise<Organisation> {
  const organisation = newOrganisation(owner);
  const keyids = approvers.map(({ key }) => key.keyid);
  const proposal = { keyids, organisationKeys: [organisation.publicKey] };
  let root = await owner.api.call('POST', '/approvers', rootView, proposal);
  for (const { api, key } of approvers) {
    if (root.state === 'adopted') break;
    const signature = { keyid: key.keyid, signature: signRootPayload(key, root.payload) };
    root = await api.call('POST', `/approvers/${root.version}/signatures`, rootView, signature);
  }
  return organisation;
}

/** A key that no root names yet. */
export function newOrganisation({ api }: Person): Organisation {
  const key = testKey();
  const countersign = async (): Promise<number> => {
    const { keys } = await api.call('GET', '/messaging-keys?waiting=true&limit=500', messagingKeyPage);
    if (keys.length === 0) return 0;
    const countersignatures = keys.map(({ digest, payload }) => ({
      ...{ digest, keyid: key.keyid, signature: countersignCertificate(key, payload) },
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
          // A server that is down for a while is up again later.
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
