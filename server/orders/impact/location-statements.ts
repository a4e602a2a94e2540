/**
 * Effect of admins' location statements on orders. The module finds the orders that a new statement would affect, and the existing
 * statements that currently change the services that an order suspends.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { LocationRecord } from '../../../shared/pack/location-records.ts';
import type { AccountId, DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { DeviceFacts, OrderRule } from '../../../shared/verdict/terms.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import type { OrderStore } from '../ports.ts';
import {
  type LocationStatement,
  type StatementEffect,
  statementEffects,
  withoutStatement,
  withStatement,
} from './statement-effects.ts';

export const MOST_STATEMENTS = 10_000;
const MOST_CHANGES = 200;
const SLICE = 256;

export interface StatedDevice {
  readonly device: DeviceId;
  readonly ownHome: HomeArea | null;
  readonly statement: LocationStatement & {
    readonly reason: string;
    readonly at: Instant;
    /** Admin who made the statement. Null for old statements without this information. */
    readonly by: AccountId | null;
    readonly confirmedBy: AccountId | null;
  };
}

export interface StoredLocationChange {
  readonly device: DeviceId;
  readonly record: LocationRecord;
  /** Position in the ledger of the entry about this location change. Null until the ledger has assigned a position to the entry. */
  readonly index: number | null;
  readonly entry: string;
}

export interface StatementStore {
  locationChanges(order: string, limit: number): Promise<StoredLocationChange[]>;
  /** Active devices with a valid location statement. The statement with the latest end is first. */
  stated(now: Instant, limit: number): Promise<StatedDevice[]>;
}

export interface OverridingStatement extends StatedDevice {
  readonly effect: StatementEffect;
}

export interface Placement {
  readonly statement: LocationStatement | null;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
}

export interface PlacementChange {
  readonly device: DeviceId;
  readonly present: Placement;
  readonly placement: Placement;
}

export interface PlacementEffect extends StatementEffect {
  readonly device: DeviceId;
}

export interface LocationStatements {
  /**
   * Location statements (admins' assertions about a device's location) that change the services that an order suspends for a device. `rule`
   * is the rule of the order, which may be a draft.
   */
  overridingRule(rule: OrderRule): Promise<readonly OverridingStatement[]>;
  /**
   * Returns the location statements (admins' assertions about a device's location) that currently change which services a given adopted
   * order suspends. Throws `not_found` for an unknown order.
   */
  overriding(order: string): Promise<readonly OverridingStatement[]>;
  locationChanges(order: string): Promise<readonly StoredLocationChange[]>;
  /**
   * Returns the orders that would affect a device differently if its location statement, home area and legal seat changed as requested. An
   * order is included if it would suspend more or fewer services for the device. Only announced and active orders are considered.
   */
  placements(changes: readonly PlacementChange[]): Promise<readonly PlacementEffect[]>;
}

export function createLocationStatements(ports: {
  readonly store: StatementStore;
  readonly orders: Pick<OrderStore, 'order'>;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  readonly facts: (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, DeviceFacts>>;
}): LocationStatements {
  const { store, orders, clock, rules, facts } = ports;

  async function overridingRule(rule: OrderRule): Promise<OverridingStatement[]> {
    const now = clock.now();
    const devices = await store.stated(now, MOST_STATEMENTS);
    const found: OverridingStatement[] = [];
    for (let from = 0; from < devices.length; from += SLICE) {
      const slice = devices.slice(from, from + SLICE);
      const known = await facts(slice.map(({ device }) => device));
      for (const each of slice) {
        const current = known.get(each.device);
        if (!current) continue;
        const without = withoutStatement(current, each.ownHome, now);
        const stated = withStatement(current, each.statement, each.ownHome, now);
        const [effect] = statementEffects([rule], without, stated, now);
        if (effect) found.push({ ...each, effect });
      }
      await turn();
    }
    return found;
  }

  return {
    overridingRule,
    overriding: async (number) => {
      await orderOf(orders, number);
      const rule = rules().find((each) => each.order === number);
      return rule ? overridingRule(rule) : [];
    },
    locationChanges: (order) => store.locationChanges(order, MOST_CHANGES),
    placements: async (changes) => {
      const now = clock.now();
      const adopted = rules();
      if (adopted.length === 0) return [];
      const found: PlacementEffect[] = [];
      for (let from = 0; from < changes.length; from += SLICE) {
        const slice = changes.slice(from, from + SLICE);
        const known = await facts(slice.map(({ device }) => device));
        for (const { device, present, placement } of slice) {
          const current = known.get(device);
          if (!current) continue;
          const [before, after] = [placed(current, present, now), placed(current, placement, now)];
          for (const effect of statementEffects(adopted, before, after, now)) found.push({ device, ...effect });
        }
        await turn();
      }
      return found;
    },
  };
}

function placed(facts: DeviceFacts, { statement, home, seat }: Placement, now: Instant): DeviceFacts {
  const stated = statement === null ? withoutStatement(facts, home, now) : withStatement(facts, statement, home, now);
  return { ...stated, seat };
}
