/**
 * Legal holds. While a legal hold on a device or its user is in effect, neither the server nor the device destroys the device's data.
 * Modules that destroy data call `held`, and the store checks legal holds in the same transaction. A device learns about its legal holds
 * from its device record.
 */
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import {
  type DeviceId,
  type LegalHoldId,
  legalHoldIdSchema,
  newLegalHoldId,
  type PersonId,
} from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { HoldPosition, HoldStore, LegalHold, Log, NewHold, RecordsPort } from './ports.ts';

const RECORDS_TOGETHER = 100;
/** Delay in milliseconds before the server tries again to sign device records after a failure. */
const RETRY_AFTER = 30_000;

export interface PlaceHold {
  readonly on: { readonly device: DeviceId } | { readonly person: PersonId };
  readonly reason: string;
  readonly reference: string | null;
  readonly by: string;
}

export interface ListHolds {
  readonly released: boolean | null;
  readonly device: DeviceId | null;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface HoldPage {
  readonly holds: readonly LegalHold[];
  readonly cursor: string | null;
}

export type Holds = ReturnType<typeof createHolds>;

export function createHolds(ports: {
  readonly store: HoldStore;
  readonly records: RecordsPort;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}) {
  const { store, records, bus, clock, log } = ports;
  const delivery = new Loop({
    run: deliverAll,
    failed: (error) =>
      log.error(
        { err: error },
        'device records could not be issued after a change of a legal hold; the server tries again',
      ),
    retryAfter: RETRY_AFTER,
  });

  /**
   * Signs new device records for all devices that a legal hold affects, because a device learns about a legal hold from its record. If a
   * crash interrupts the signing, the next start of the server signs the remaining records.
   */
  async function deliverAll(): Promise<void> {
    const waiting = await store.undelivered();
    for (let from = 0; from < waiting.length; from += RECORDS_TOGETHER) {
      const together = waiting.slice(from, from + RECORDS_TOGETHER);
      await Promise.all(together.map(({ id }) => deliver(id)));
      await store.markDelivered(together);
    }
  }

  async function deliver(hold: LegalHoldId): Promise<void> {
    for (let after: DeviceId | null = null; ; ) {
      const devices: DeviceId[] = await store.devicesOf(hold, after, RECORDS_TOGETHER);
      await Promise.all(devices.map((device) => records.reissueRecord(device)));
      if (devices.length < RECORDS_TOGETHER) return;
      after = devices.at(-1) ?? null;
    }
  }

  function changed(): void {
    bus.publish({ kind: 'devices' });
    bus.publish({ kind: 'results' });
  }

  const subjectOf = (on: NewHold['on'] | LegalHold['on']): string => (on.kind === 'device' ? on.device : on.person);

  async function requireHold(id: LegalHoldId): Promise<LegalHold> {
    const found = await store.hold(id);
    if (!found)
      throw new CordonError('not_found', 'There is no such legal hold. List the holds to find its id.', { hold: id });
    return found;
  }

  return {
    async place({ on, reason, reference, by }: PlaceHold): Promise<LegalHold> {
      const at = clock.now();
      const id = newLegalHoldId();
      const target: NewHold['on'] =
        'device' in on ? { kind: 'device', device: on.device } : { kind: 'person', person: on.person };
      const placed = { id, on: target, reason, reference, placedAt: at, placedBy: by, realAt: Date.now() };
      await store.place(placed, { kind: 'legal-hold.placed', at, subject: subjectOf(target), public: { hold: id } });
      await delivery.run();
      changed();
      return requireHold(id);
    },

    /**
     * Places an equal legal hold on each of several devices, and returns the number of new ones. A device with an equal legal hold is left
     * out, so that a repeated request adds only those that are missing.
     */
    async placeAll({
      devices,
      ...common
    }: Omit<PlaceHold, 'on'> & { readonly devices: readonly DeviceId[] }): Promise<number> {
      const at = clock.now();
      const times = { placedAt: at, realAt: Date.now() };
      const { reason, reference, by } = common;
      const holds = devices.map((device) => ({
        id: newLegalHoldId(),
        on: { kind: 'device' as const, device },
        reason,
        reference,
        placedBy: by,
        ...times,
      }));
      const placed = await store.placeAll(holds, ({ id, on }) => ({
        kind: 'legal-hold.placed',
        at,
        subject: on.device,
        public: { hold: id },
      }));
      await delivery.run();
      changed();
      return placed;
    },

    /** Releases a legal hold. Throws `not_found` for an unknown legal hold, and `conflict` if it was already released. */
    async release(
      id: LegalHoldId,
      { reason, by }: { readonly reason: string; readonly by: string },
    ): Promise<LegalHold> {
      const at = clock.now();
      const { on } = await requireHold(id);
      const entry = { kind: 'legal-hold.released', at, subject: subjectOf(on), public: { hold: id } } as const;
      if (!(await store.release(id, { at, by, reason }, entry))) {
        throw new CordonError('conflict', 'This legal hold was already released.', {
          hold: id,
        });
      }
      await delivery.run();
      changed();
      bus.publish({ kind: 'hold-released' });
      return requireHold(id);
    },

    async list({ cursor, limit, ...query }: ListHolds): Promise<HoldPage> {
      const after = cursor === null ? null : readCursor(cursor);
      const found = await store.holds({ ...query, after, limit: limit + 1 });
      const holds = found.slice(0, limit);
      const last = holds.at(-1);
      return { holds, cursor: found.length > limit && last ? `${last.placedAt} ${last.id}` : null };
    },

    underLegalHold: store.underLegalHold.bind(store),

    start: () => delivery.run(),
    stop: () => delivery.stop(),
  };
}

export function refusedByHold(device: DeviceId): CordonError {
  return new CordonError(
    'legal_hold',
    'A legal hold on this device or its user forbids the destruction of its data. An admin with the role legal or owner can release the hold.',
    { device },
  );
}

function readCursor(text: string): HoldPosition {
  const [, placedAt, id] = /^(\d{1,15}) (hld_[a-z2-7]{16})$/.exec(text) ?? [];
  if (placedAt !== undefined && id !== undefined)
    return { placedAt: Number(placedAt), id: legalHoldIdSchema.parse(id) };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.', {
    field: 'cursor',
  });
}
