/** Effect of changed locations, homes, legal seats and groups on orders, by the decision that also closes the gates of devices. */

import type { OrderEffect } from '../../shared/api/actions.ts';
import { placementOfMany } from '../../shared/api/device-actions.ts';
import { deviceChange } from '../../shared/api/devices.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ActionContent } from '../admins/actions.ts';
import { type Devices, type PlacingAction, stepsOf } from '../devices/devices.ts';
import type { Scope } from '../devices/scope.ts';
import type { LocationStatements, PlacementEffect } from '../orders/impact/location-statements.ts';
import { definedFields } from './defined-fields.ts';

export interface PlacementEffectsPorts {
  readonly devices: Pick<Devices, 'placements' | 'getGroup'>;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
}

/** Action of the request, with the new primary group. Throws `not_found` for an unknown group. */
export async function placingAction(
  devices: Pick<Devices, 'getGroup'>,
  change: PlacingAction['change'],
  scope: Scope,
): Promise<PlacingAction> {
  const target = change.group === undefined ? null : await devices.getGroup(change.group);
  return { kind: 'place', change, target, scope };
}

/** Orders whose effect the change alters, with the new home and legal seat, by device. Devices without such an order are absent. */
export async function overriddenOrders(
  { devices, orders }: PlacementEffectsPorts,
  affected: readonly DeviceId[],
  action: PlacingAction,
) {
  const overridden = new Map<DeviceId, { effects: PlacementEffect[]; home: HomeArea | null; seat: HomeArea | null }>();
  for await (const some of stepsOf(affected)) {
    const placements = await devices.placements(some, action);
    const effects = await orders.statements.placements(
      [...placements].map(([device, { present, next }]) => ({ device, present, placement: next })),
    );
    for (const effect of effects) {
      const next = placements.get(effect.device)?.next;
      const known = overridden.get(effect.device) ?? {
        effects: [],
        home: next?.home ?? null,
        seat: next?.seat ?? null,
      };
      known.effects.push(effect);
      overridden.set(effect.device, known);
    }
  }
  return overridden;
}

/** Counts the devices for each order and each change of its services. */
export function countedEffects(effects: Iterable<PlacementEffect>): OrderEffect[] {
  const counted = Map.groupBy(effects, ({ order, released, denied }) => JSON.stringify([order, released, denied]));
  return [...counted.values()].flatMap(([first, ...others]) =>
    first ? [{ order: first.order, devices: 1 + others.length, released: first.released, denied: first.denied }] : [],
  );
}

/** Effect of a proposed action on orders, from the present locations of its devices; null for an action that changes no placement. */
export async function effectsOfAction(
  ports: PlacementEffectsPorts,
  { route, body, devices }: ActionContent,
): Promise<OrderEffect[] | null> {
  const change =
    route === 'devices.update'
      ? deviceChange.parse(body)
      : route === 'devices.place'
        ? placementOfMany.parse(body).change
        : null;
  if (change === null) return null;
  // The scope decided about the proposal. It changes no effect.
  const action = await placingAction(ports.devices, definedFields(change), null);
  const overridden = await overriddenOrders(ports, devices, action);
  return countedEffects([...overridden.values()].flatMap(({ effects }) => effects));
}
