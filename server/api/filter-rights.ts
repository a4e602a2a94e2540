import type { z } from 'zod';
import type { deviceAction } from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import { PERSONAL_FIELDS } from '../../shared/inventory/list-fields.ts';
import type { RightName } from '../admins/rights.ts';
import type { AccessScope } from '../admins/roles.ts';
import type { Scope } from '../devices/devices.ts';

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
  if (area !== undefined || located !== undefined) requireSameScope(acting, demand('devices.evidence').devices);
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
