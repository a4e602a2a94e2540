/**
 * Keeps devices' records as what they say changes, above all who is exempt. A device judges by the record that it has: whoever is newly exempt must have it
 * before or with the list that would else deny it, so everybody else waits for these records, and no longer than they take.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { Revision } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { batched } from './batched.ts';
import type { OrderState } from './order-state.ts';
import type { FleetPort, OrderStore } from './ports.ts';
import { nextRecord } from './records.ts';
import { slices } from './rehearsal.ts';

/** How often a record is made again when another node was faster. */
const ATTEMPTS = 5;
/** Records that are made at once: they share their reads and their commits. */
const AT_ONCE = 256;

export interface ExemptRecords {
  /** Makes the record anew if what it says has changed. True when it did. */
  reissue(device: DeviceId): Promise<boolean>;
  /** The order's revision has taken the place of `before`: of whoever is exempt by it alone. */
  follow(order: string, before: Revision | undefined): Promise<void>;
  /** Of all who are exempt by an order that is not over: a crash may have come between an adoption and its records. */
  makeGood(): Promise<void>;
}

export function createExemptRecords(ports: {
  readonly store: Pick<OrderStore, 'exemptions' | 'exemptionsOf' | 'record' | 'saveRecord'>;
  readonly fleet: Pick<FleetPort, 'personalia'>;
  readonly state: OrderState;
  readonly clock: Clock;
  readonly online: Signer;
  readonly installation: string;
  readonly floor: number;
  readonly reissued: (device: DeviceId) => void;
}): ExemptRecords {
  const { store, fleet, state, clock, online, installation, floor, reissued } = ports;
  const exemptionsOf = batched(async (devices: readonly DeviceId[]) =>
    Map.groupBy(await store.exemptionsOf(devices), ({ device }) => device),
  );
  /** Orders whose records could not all be made: what comes after them is no reason to leave any out. */
  const unfinished = new Set<string>();

  async function reissue(device: DeviceId): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const now = clock.now();
      const personalia = await fleet.personalia(device);
      if (!personalia) return false;
      const accepted = state.accepted();
      const salts = ((await exemptionsOf(device)) ?? []).filter(
        (each) => accepted.get(each.order)?.revision.revision === each.revision,
      );
      const before = await store.record(device);
      const next = nextRecord({ installation, device, personalia, salts, before, floor, now, online });
      if (!next) return false;
      try {
        await store.saveRecord(device, next, now);
      } catch (error) {
        if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
        continue;
      }
      reissued(device);
      return true;
    }
  }

  /** One that fails keeps nobody else's from being made. */
  async function reissueAll(devices: Iterable<DeviceId>): Promise<void> {
    const failed: unknown[] = [];
    for (const some of slices([...devices], AT_ONCE)) {
      for (const done of await Promise.allSettled(some.map(reissue))) {
        if (done.status === 'rejected') failed.push(done.reason);
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  return {
    reissue,
    follow: async (order, before) => {
      const revision = state.accepted().get(order)?.revision;
      if (!revision) return;
      // Whoever stays exempt keeps the salt, and with it the record.
      const had = new Set(unfinished.has(order) ? [] : before?.exempt.map(({ commitment }) => commitment));
      if (revision.exempt.every(({ commitment }) => had.has(commitment))) return;
      unfinished.add(order);
      const exempt = await store.exemptions(order, revision.revision);
      await reissueAll(exempt.filter(({ commitment }) => !had.has(commitment)).map(({ device }) => device));
      unfinished.delete(order);
    },
    makeGood: async () => {
      const now = clock.now();
      const devices = new Set<DeviceId>();
      for (const { order, revision, withdrawn, until } of state.rules()) {
        if (withdrawn || (until !== null && now >= until)) continue;
        for (const { device } of await store.exemptions(order, revision)) devices.add(device);
      }
      await reissueAll(devices);
    },
  };
}
