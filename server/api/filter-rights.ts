import type { z } from 'zod';
import type { deviceAction } from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import { PERSONAL_FIELDS } from '../../shared/inventory/list-fields.ts';
import type { RightName } from '../admins/rights.ts';
import type { AccessScope } from '../admins/roles.ts';
import type { Scope } from '../devices/devices.ts';
import { FACTS } from '../groups/facts.ts';

type Filter = Pick<NonNullable<z.output<typeof deviceAction>['filter']>, 'area' | 'located' | 'where'>;

/**
 * Checks the filter of an action on the devices in the scope `acting`. A filter by a location or by a fact about users reveals these data.
 * The caller therefore needs the right to see them for the same devices. Throws `forbidden`.
 */
export function requireFilterRights(
  { area, located, where = [] }: Filter,
  acting: Scope,
  demand: (right: RightName) => AccessScope,
): void {
  const isPersonal = where.some(({ field }) => PERSONAL_FIELDS.includes(field));
  const isLocation = area !== undefined || located !== undefined;
  requireRights({ isLocation, isPersonal }, acting, demand);
}

/**
 * Throws `forbidden` unless the caller may read all of these facts about the devices in the scope `acting`. `facts`: names of the facts that an
 * expression of a dynamic group reads.
 */
export function requireFactRights(
  facts: Iterable<string>,
  acting: Scope,
  demand: (right: RightName) => AccessScope,
): void {
  const names = [...facts];
  const isLocation = names.some((name) => FACTS[name]?.source === 'location');
  const isPersonal = names.some((name) => PERSONAL_FIELDS.some((personal) => personal === name));
  requireRights({ isLocation, isPersonal }, acting, demand);
}

function requireRights(
  { isLocation, isPersonal }: { readonly isLocation: boolean; readonly isPersonal: boolean },
  acting: Scope,
  demand: (right: RightName) => AccessScope,
): void {
  if (isLocation) requireSameScope(acting, demand('devices.evidence').devices);
  if (isPersonal) requireSameScope(acting, demand('devices.personal-inventory').devices);
}

/**
 * Throws `forbidden` if the two scopes differ. Combining them instead would reveal data: the number of devices in only one scope shows what
 * the caller may not see.
 */
function requireSameScope(acting: Scope, seeing: Scope): void {
  if (seeing === null || JSON.stringify(seeing) === JSON.stringify(acting)) return;
  throw new CordonError(
    'forbidden',
    'Your roles show locations and facts about users for other devices than this action. Remove the location or the fact from the filter.',
  );
}
