/** Placement of a device: primary group, home area, legal seat and location statement, before and after a change. Pure. */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { AccountId, GroupId } from '../../shared/protocol/ids.ts';
import { groupsWith, type Placed } from './scope.ts';

/**
 * Location statement: an admin's assertion about a device's present location, or about its home (one area). Times come from the `Clock`.
 */
export interface Statement {
  readonly kind: 'presence' | 'home';
  readonly reason: string;
  readonly areas: readonly HomeArea[];
  readonly at: number;
  readonly until: number;
  /** Admin who made the statement. Old statements have neither `by` nor `confirmedBy`, the second person who confirmed the statement. */
  readonly by?: AccountId | undefined;
  readonly confirmedBy?: AccountId | null | undefined;
}

/** Home and legal seat that a primary group gives its devices. */
export interface GroupPlacement {
  readonly id: GroupId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
}

/** Device with the facts that decide about its placement. */
export interface PlacedDevice {
  readonly own: { readonly home: HomeArea | null; readonly seat: HomeArea | null };
  readonly scopeGroups: readonly string[];
  readonly statement: Statement | null;
}

/** Change of a placement. Absent fields keep their values; null removes the device's own value, so that the group's value applies. */
export interface PlacementChange {
  readonly home?: HomeArea | null;
  readonly seat?: HomeArea | null;
  readonly group?: GroupId;
  readonly statement?: Omit<Statement, 'at'> | null;
}

interface Placement<S> {
  readonly statement: S | null;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
}

export interface ChangedPlacement {
  readonly present: Placement<Statement>;
  readonly next: Placement<Omit<Statement, 'at'>>;
  /** Groups and homes that decide which scopes contain the device after the change: its home, and its stated home if there is one. */
  readonly placed: readonly Placed[];
}

/** `before` and `after`: the primary group before and after the change. */
export function changedPlacement(
  { own, scopeGroups, statement }: PlacedDevice,
  { before, after }: { readonly before: GroupPlacement; readonly after: GroupPlacement },
  change: PlacementChange,
): ChangedPlacement {
  const home = (change.home === undefined ? own.home : change.home) ?? after.home;
  const seat = (change.seat === undefined ? own.seat : change.seat) ?? after.seat;
  const groups = groupsWith(after.id, { group: before, scopeGroups });
  const stated = change.statement?.kind === 'home' ? change.statement.areas[0] : undefined;
  return {
    present: { statement, home: own.home ?? before.home, seat: own.seat ?? before.seat },
    next: { statement: change.statement === undefined ? statement : change.statement, home, seat },
    placed: [{ groups, home }, ...(stated === undefined ? [] : [{ groups, home: stated }])],
  };
}
