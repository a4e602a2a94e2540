/**
 * Rights that a selection of devices needs. A list, a number of devices, the order of rows and an effect on the selected devices reveal the
 * facts by which the server selected them. A request that selects devices therefore needs the right to read each of these facts.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { PERSONAL_FIELDS } from '../../shared/inventory/list-fields.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import type { RightName } from '../admins/rights.ts';
import { type AccessScope, isAllowed } from '../admins/roles.ts';
import type { Devices, Scope } from '../devices/devices.ts';
import { inScope, type Placed } from '../devices/scope.ts';
import { FACTS } from '../groups/facts.ts';
import type { GroupMembers } from '../groups/groups.ts';

type Demand = (right: RightName) => AccessScope;

/** Parts of a request by which the server selects or sorts devices. */
export interface FactUse {
  readonly area?: unknown;
  readonly located?: unknown;
  readonly where?: readonly { readonly field: string }[] | undefined;
  readonly sort?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly group?: GroupId | undefined;
  /** Expression of a dynamic group in CEL. */
  readonly expression?: string | undefined;
}

export interface FilterRightsPorts {
  readonly devices: Pick<Devices, 'getGroup'>;
  readonly groupMembers: Pick<GroupMembers, 'factsIn'>;
}

export type FilterRights = ReturnType<typeof createFilterRights>;

export function createFilterRights({ devices, groupMembers }: FilterRightsPorts) {
  /** Returns the rights that the request needs in addition to the right of its route. An unknown group needs none, and selects no device. */
  async function neededFor({ area, located, where = [], sort, columns = [], group, expression }: FactUse) {
    const ofGroup = group === undefined ? null : await devices.getGroup(group).catch(ifUnknown);
    const expressions = [expression, ofGroup?.expression].filter((text) => typeof text === 'string');
    const isByLocation = area !== undefined || located !== undefined;
    const facts = [
      ...where.map(({ field }) => field),
      ...columns,
      ...(sort === undefined ? [] : [sort]),
      ...(isByLocation ? ['areas'] : []),
      ...expressions.flatMap((text) => [...groupMembers.factsIn(text)]),
    ];
    return new Set(facts.map(rightToRead).filter((right) => right !== null));
  }

  return {
    neededFor,

    /** Throws `forbidden` unless the caller may read the facts in the request about all devices in the scope `acting`. */
    async require(use: FactUse, acting: Scope, demand: Demand): Promise<void> {
      for (const right of await neededFor(use)) requireSameScope(acting, demand(right).devices);
    },

    /** Throws `forbidden` unless a role of the caller gives the rights, for any devices. For requests that store a selection and read nothing. */
    async requireHeld(use: FactUse, demand: Demand): Promise<void> {
      for (const right of await neededFor(use)) demand(right);
    },

    /** Returns the groups whose expression reads only facts that the caller may read about the device. */
    async readableGroups<G extends { readonly id: GroupId }>(
      groups: readonly G[],
      { scopeGroups, home }: { readonly scopeGroups: readonly string[]; readonly home: Placed['home'] },
      demand: Demand,
    ): Promise<G[]> {
      const isReadable = async ({ id }: G): Promise<boolean> => {
        const needed = [...(await neededFor({ group: id }))];
        return needed.every(
          (right) => isAllowed(() => demand(right)) && inScope(demand(right).devices, { groups: scopeGroups, home }),
        );
      };
      const readable = await Promise.all(groups.map(isReadable));
      return groups.filter((_, index) => readable[index]);
    },
  };
}

/** Right to read a fact or a field of the device list; null if every role that reads devices may read it. */
function rightToRead(fact: string): RightName | null {
  if (FACTS[fact]?.source === 'location') return 'devices.evidence';
  return PERSONAL_FIELDS.some((personal) => personal === fact) ? 'devices.personal-inventory' : null;
}

/**
 * Throws `forbidden` if the two scopes differ. Combining them instead would reveal data: the number of devices in only one scope shows what
 * the caller may not see.
 */
function requireSameScope(acting: Scope, seeing: Scope): void {
  if (seeing === null || JSON.stringify(seeing) === JSON.stringify(acting)) return;
  throw new CordonError(
    'forbidden',
    'Your roles show locations and facts about users for other devices than this request. Remove the location, the fact, or the group whose expression uses them.',
  );
}

function ifUnknown(error: unknown): null {
  if (isCordonError(error, 'not_found')) return null;
  throw error;
}
