/**
 * Legal holds: while one stands on a device, or on its user, nothing of the device's is destroyed, here or there. A hold opens nothing to anybody and
 * stops no order's denial. Whoever destroys asks `held`; the store's verbs ask in their own transaction. Devices read it in their record.
 */
import { CordonError } from '../../shared/errors.ts';
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

/** Records that are made anew together. */
const TOGETHER = 100;
/** Real time, after the store has refused. */
const TELL_AGAIN = 30_000;

export interface PlaceHold {
  readonly on: { readonly device: DeviceId } | { readonly person: PersonId };
  readonly reason: string;
  readonly reference: string | null;
  /** The account. */
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
  let again: NodeJS.Timeout | null = null;
  let telling: Promise<void> = Promise.resolve();

  /** Each device's record says what stands. Durable: what a crash cuts off is found again at the next start. */
  async function tellAll(): Promise<void> {
    for (const hold of await store.untold()) {
      for (let after: DeviceId | null = null; ; ) {
        const devices: DeviceId[] = await store.devicesOf(hold.id, after, TOGETHER);
        await Promise.all(devices.map((device) => records.reissueRecord(device)));
        if (devices.length < TOGETHER) break;
        after = devices.at(-1) ?? null;
      }
      await store.told(hold);
    }
  }

  /** One after the other. The hold stands whether its devices have heard of it yet or not, so it never rejects. */
  function tell(): Promise<void> {
    telling = telling.then(tellAll).catch((error: unknown) => {
      log.error({ err: error }, 'devices were not told of a legal hold; trying again');
      again ??= setTimeout(() => {
        again = null;
        void tell();
      }, TELL_AGAIN).unref();
    });
    return telling;
  }

  function changed(): void {
    bus.publish({ kind: 'devices' });
    bus.publish({ kind: 'results' });
  }

  const subjectOf = (on: NewHold['on'] | LegalHold['on']): string => (on.kind === 'device' ? on.device : on.person);

  async function hold(id: LegalHoldId): Promise<LegalHold> {
    const found = await store.hold(id);
    if (!found) throw new CordonError('not_found', 'There is no such legal hold.', { hold: id });
    return found;
  }

  return {
    /** Throws `not_found` without such a device or person. */
    async place({ on, reason, reference, by }: PlaceHold): Promise<LegalHold> {
      const at = clock.now();
      const id = newLegalHoldId();
      const whom: NewHold['on'] =
        'device' in on ? { kind: 'device', device: on.device } : { kind: 'person', person: on.person };
      const placed = { id, on: whom, reason, reference, placedAt: at, placedBy: by, realAt: Date.now() };
      await store.place(placed, { kind: 'legal-hold.placed', at, subject: subjectOf(whom), public: { hold: id } });
      await tell();
      changed();
      return hold(id);
    },

    /** Throws `not_found`, and `conflict` for one that was released before. */
    async release(
      id: LegalHoldId,
      { reason, by }: { readonly reason: string; readonly by: string },
    ): Promise<LegalHold> {
      const at = clock.now();
      const { on } = await hold(id);
      const leaf = { kind: 'legal-hold.released', at, subject: subjectOf(on), public: { hold: id } } as const;
      if (!(await store.release(id, { at, by, reason }, leaf))) {
        throw new CordonError('conflict', 'This legal hold was released before: it holds nothing any more.', {
          hold: id,
        });
      }
      await tell();
      changed();
      bus.publish({ kind: 'hold-released' });
      return hold(id);
    },

    async list({ cursor, limit, ...query }: ListHolds): Promise<HoldPage> {
      const after = cursor === null ? null : readCursor(cursor);
      const found = await store.holds({ ...query, after, limit: limit + 1 });
      const holds = found.slice(0, limit);
      const last = holds.at(-1);
      return { holds, cursor: found.length > limit && last ? `${last.placedAt} ${last.id}` : null };
    },

    held: store.held.bind(store),

    /** Tells the devices that a crash has kept from hearing. */
    start: tell,
    async stop(): Promise<void> {
      if (again) clearTimeout(again);
      await telling;
    },
  };
}

/** What whoever would destroy something of the device's is told. */
export function refusedByHold(device: DeviceId): CordonError {
  return new CordonError(
    'legal_hold',
    'A legal hold stands on this device or its user: nothing of it may be destroyed. Somebody with the role legal or owner can release it.',
    { device },
  );
}

function readCursor(text: string): HoldPosition {
  const [, placedAt, id] = /^(\d{1,15}) (hld_[a-z2-7]{16})$/.exec(text) ?? [];
  if (placedAt !== undefined && id !== undefined)
    return { placedAt: Number(placedAt), id: legalHoldIdSchema.parse(id) };
  throw new CordonError('invalid_input', 'The cursor is of another list; begin without one.', { field: 'cursor' });
}
