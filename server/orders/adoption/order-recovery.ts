/** Recovery of orders after the server was restored from a backup: devices return signed documents that the server lost. */
import type { Recollection } from '../../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { Effect } from '../effect/effect.ts';
import type { AdoptionStore } from '../ports.ts';
import type { ActionQueue } from './action-queue.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import { recoverFrom } from './recovered-documents.ts';

export interface OrderRecovery {
  /** Stores the signed documents that a device returned. If one document is invalid, throws and stores none of the documents. */
  recover(device: DeviceId, generation: number, recollection: Recollection): Promise<RecoveredFrom>;
}

export interface RecoveredFrom {
  /** Version of the order list that the device has; 0 if the device has no list. */
  readonly list: number;
  /** Home area and legal seat in the device record that the device returned. Null if there is no record that this server signed. */
  readonly record: { readonly home: string | null; readonly seat: string | null } | null;
  readonly approvers: number;
  readonly revisions: readonly { readonly order: string; readonly revision: number; readonly digest: string }[];
}

export function createOrderRecovery(ports: {
  readonly store: Pick<AdoptionStore, 'recover'>;
  readonly adopted: AdoptedOrders;
  readonly queue: ActionQueue;
  readonly effect: Pick<Effect, 'follow'>;
  readonly installation: string;
  readonly clock: Clock;
}): OrderRecovery {
  const { store, adopted, queue, effect, installation, clock } = ports;
  return {
    recover: (device, generation, recollection) =>
      queue.run(async () => {
        const recovered = recoverFrom({
          installation,
          device,
          generation,
          recollection,
          chain: adopted.approvers.all(),
          accepted: adopted.accepted(),
          now: clock.now(),
        });
        const { list, record, ...change } = recovered;
        if (change.approverSets.length + change.revisions.length + change.exemptions.length > 0) {
          const rules = new Map(adopted.rules().map((rule) => [rule.order, rule]));
          const accepted = adopted.accepted();
          await store.recover({ ...change, device, at: clock.now() });
          await adopted.load();
          await adopted.publisher.publish();
          await effect.follow(
            change.revisions.map(({ revision: { order } }) => ({
              order,
              rule: rules.get(order),
              revision: accepted.get(order)?.revision,
            })),
            change.exemptions.length > 0 ? device : undefined,
          );
        }
        return {
          list,
          record,
          approvers: change.approverSets.length,
          revisions: change.revisions.map(({ revision: { order, revision }, digest }) => ({ order, revision, digest })),
        };
      }),
  };
}
