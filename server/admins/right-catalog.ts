/**
 * Catalog of the rights that depend on a role: area of work, a plain sentence, and whether a custom role may contain the right. The API
 * serves the catalog, so that console and command line show the same texts. A right without a text does not compile.
 */
import { ROLES, type Role } from '../../shared/api/roles.ts';
import { ROUTE_ACTIONS } from './action-policy.ts';
import { COMMANDS, DEVICES, ENROLLMENT, GROUPS, POLICIES, SCRIPTS, SOFTWARE } from './device-right-texts.ts';
import { ACCOUNTS, AREAS, AUDIT, LEGAL, ORDERS, SERVER } from './legal-right-texts.ts';
import { type GrantableName, RIGHTS, type RightName, type RouteName } from './rights.ts';
import { type HeldGrant, scopeOf } from './roles.ts';

const WORK_AREAS = [
  ['Devices', DEVICES],
  ['Commands and jobs', COMMANDS],
  ['People and enrollment', ENROLLMENT],
  ['Groups', GROUPS],
  ['Policies and compliance', POLICIES],
  ['Scripts', SCRIPTS],
  ['Software', SOFTWARE],
  ['Orders', ORDERS],
  ['Areas and location', AREAS],
  ['Legal holds and requests', LEGAL],
  ['Activity log and ledger', AUDIT],
  ['Server', SERVER],
  ['Accounts and roles', ACCOUNTS],
] as const;

const TEXTS = {
  ...DEVICES,
  ...COMMANDS,
  ...ENROLLMENT,
  ...GROUPS,
  ...POLICIES,
  ...SCRIPTS,
  ...SOFTWARE,
  ...ORDERS,
  ...AREAS,
  ...LEGAL,
  ...AUDIT,
  ...SERVER,
  ...ACCOUNTS,
} as const satisfies Record<GrantableName, string>;

export const GRANTABLE_RIGHTS = Object.keys(TEXTS) as GrantableName[];

/** Reasons for which a custom role cannot contain a right. */
export const EXCLUSIONS = {
  owner:
    'Only an owner has this right, because it can open another way into the installation or change its foundation.',
  desk: 'Only the role legal has this right, so that the account of an owner alone discloses nothing.',
  approver: 'This right belongs to the approval of orders, in which several people have separate duties.',
  names: 'This right gives the names of people by country. Only the roles owner and legal have it.',
} as const;
export type Exclusion = keyof typeof EXCLUSIONS;

/** Rights for steps of an approval. They need no signature, but they influence how the signatures of others count. */
const APPROVAL_STEPS: ReadonlySet<GrantableName> = new Set<GrantableName>([
  'approver-keys.register',
  'orders.retract',
  'orders.decline',
  'orders.confirm-replacement',
  'orders.read-withheld',
]);
const NAMES: ReadonlySet<GrantableName> = new Set<GrantableName>(['orders.pack-names', 'orders.impact-names']);
/** Rights whose action needs a signature by the organization's key, which is not on the server. */
const SIGNED_ELSEWHERE: ReadonlySet<GrantableName> = new Set<GrantableName>(['messaging-keys.countersign']);

/**
 * Reason why a custom role cannot contain the right; null if a custom role may contain it. A new right that only owners have is excluded
 * automatically.
 */
export function exclusionOf(name: GrantableName): Exclusion | null {
  const roles: readonly Role[] = RIGHTS[name].roles;
  if (!roles.includes('owner')) return 'desk';
  if (roles.every((role) => role === 'owner')) return 'owner';
  if (NAMES.has(name)) return 'names';
  const signed = ROUTE_ACTIONS[name as RouteName] === 'signed' && !SIGNED_ELSEWHERE.has(name);
  return signed || APPROVAL_STEPS.has(name) ? 'approver' : null;
}

const CUSTOM: ReadonlySet<string> = new Set(GRANTABLE_RIGHTS.filter((name) => exclusionOf(name) === null));

/** True if a custom role may contain the right. Also false for an unknown name, such as a right that a newer version removed. */
export const isCustomRight = (name: string): name is GrantableName => CUSTOM.has(name);

/** Rights that the grants give within the whole installation. */
export function wholeRights(grants: readonly HeldGrant[]): ReadonlySet<RightName> {
  const held = (name: RightName) => {
    try {
      const { devices, areas } = scopeOf(
        name,
        grants.filter(({ group, area }) => group === null && area === null),
      );
      return devices === null && areas === null;
    } catch {
      return false;
    }
  };
  return new Set(GRANTABLE_RIGHTS.filter(held));
}

export interface CatalogRight {
  readonly name: GrantableName;
  readonly text: string;
  /** Built-in roles that have the right. */
  readonly roles: readonly Role[];
  /** Reason for which a custom role cannot contain the right; null if it can. */
  readonly excluded: string | null;
  /** True if the right applies only to a whole installation, so that a grant for a group or an area does not give it. */
  readonly whole: boolean;
}

export function rightCatalog(): { readonly title: string; readonly rights: CatalogRight[] }[] {
  return WORK_AREAS.map(([title, texts]) => ({
    title,
    rights: (Object.keys(texts) as GrantableName[]).map((name) => {
      const excluded = exclusionOf(name);
      const { roles, scope } = RIGHTS[name];
      return {
        name,
        text: TEXTS[name],
        roles: ROLES.filter((role) => (roles as readonly Role[]).includes(role)),
        excluded: excluded && EXCLUSIONS[excluded],
        whole: scope === 'whole',
      };
    }),
  }));
}
