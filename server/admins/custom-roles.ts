/** Custom roles: named sets of rights that owners make. A role is stored with its versions, and each change has a ledger entry (ADR 74). */
import { MOST_CUSTOM_ROLES } from '../../shared/api/custom-roles.ts';
import { isBuiltIn } from '../../shared/api/roles.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { foldedName } from '../../shared/order/person.ts';
import { type AccountId, type CustomRoleId, customRoleIdSchema, newCustomRoleId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type {
  CustomRole,
  CustomRoleKind,
  CustomRoleStore,
  CustomRoleUses,
  StoredVersion,
} from './custom-role-ports.ts';
import type { Account } from './ports.ts';
import {
  EXCLUSIONS,
  exclusionOf,
  GRANTABLE_RIGHTS,
  isCustomRight,
  rightCatalog,
  wholeRights,
} from './right-catalog.ts';
import type { RightName } from './rights.ts';
import type { Grant } from './roles.ts';
import { sha256 } from './secrets.ts';

export interface CustomRoleDraft {
  readonly name: string;
  readonly description: string;
  readonly rights: readonly string[];
}

const MOST_VERSIONS = 50;
/** Names of the built-in roles in the console. A custom role with such a name would deceive admins. */
const BUILT_IN_NAMES: ReadonlySet<string> = new Set(['fleet admin']);

export function createCustomRoles(ports: {
  readonly customRoles: CustomRoleStore;
  /** Roles that the mapping gives to groups of the identity provider. */
  readonly mappings: readonly (Grant & { readonly providerGroup: string })[];
  readonly clock: Clock;
  readonly changed: () => void;
  readonly now: () => number;
}) {
  const { customRoles: store, mappings, clock, changed, now } = ports;

  async function found(id: CustomRoleId): Promise<CustomRole> {
    const role = await store.role(id);
    if (role) return role;
    throw new CordonError('not_found', `There is no custom role ${id}. List the roles with GET /roles.`, { role: id });
  }

  const providerGroups = (id: CustomRoleId): string[] => [
    ...new Set(mappings.filter(({ role }) => role === id).map(({ providerGroup }) => providerGroup)),
  ];

  const entryOf = (
    kind: CustomRoleKind,
    by: AccountId,
    role: CustomRole,
    digest: string,
  ): EntryDraft<CustomRoleKind> => ({
    kind,
    at: clock.now(),
    subject: by,
    public: { role: role.id, version: role.version, digest },
  });

  const versionOf = (kind: CustomRoleKind, role: CustomRole, by: AccountId): StoredVersion => {
    const digest = digestOf(role);
    return { role, digest, by, entry: entryOf(kind, by, role, digest) };
  };

  return {
    rightCatalog,
    customRoles: () => store.roles(),

    async customRole(id: CustomRoleId) {
      const [role, versions, uses] = await Promise.all([found(id), store.versions(id, MOST_VERSIONS), store.uses(id)]);
      return { ...role, versions, ...uses, providerGroups: providerGroups(id) };
    },

    async createCustomRole(draft: CustomRoleDraft, by: Account): Promise<CustomRole> {
      const rights = allowedRights(draft.rights, by);
      requireName(draft.name);
      const at = now();
      const role = { ...draft, id: newCustomRoleId(), rights, version: 1, createdAt: at, changedAt: at };
      await store.create(versionOf('custom-role.created', role, by.id), MOST_CUSTOM_ROLES);
      changed();
      return role;
    },

    /** Stores the next version. It applies from the next request of each session and token with the role. */
    async changeCustomRole(
      id: CustomRoleId,
      { version, ...change }: Partial<CustomRoleDraft> & { readonly version: number },
      by: Account,
    ): Promise<CustomRole> {
      const before = await found(id);
      if (before.version !== version) throw outdated(before);
      const { name, description, rights } = { ...before, ...change };
      requireName(name);
      const after = {
        ...before,
        name,
        description,
        rights: allowedRights(rights, by),
        version: version + 1,
        changedAt: now(),
      };
      if (digestOf(after) === digestOf(before)) return before;
      await store.change(versionOf('custom-role.changed', after, by.id));
      changed();
      return after;
    },

    /**
     * Deletes a role. Throws `conflict` with the uses while a grant, an invitation, an API token or a group of the identity provider uses
     * the role.
     */
    async deleteCustomRole(id: CustomRoleId, by: Account): Promise<void> {
      const role = await found(id);
      const groups = providerGroups(id);
      const entry = entryOf('custom-role.deleted', by.id, role, digestOf(role));
      const uses = groups.length > 0 ? await store.uses(id) : await store.remove(id, entry);
      if (uses) throw inUse(role, uses, groups);
      changed();
    },

    /**
     * Throws unless the admin may grant the role: a custom role must exist, and the admin must have all of its rights within the whole
     * installation.
     */
    async requireGrantable({ role }: Grant, by: Account): Promise<void> {
      if (isBuiltIn(role)) return;
      allowedRights((await found(customRoleIdSchema.parse(role))).rights, by);
    },

    /** Custom roles that the mapping of the identity provider names but that do not exist. The mapping then gives no role. */
    async unknownMappings(): Promise<readonly { readonly providerGroup: string; readonly role: string }[]> {
      const known = new Set<string>((await store.roles()).map(({ id }) => id));
      return mappings
        .filter(({ role }) => !isBuiltIn(role) && !known.has(role))
        .map(({ providerGroup, role }) => ({ providerGroup, role }));
    },
  };
}

/** SHA-256 of the canonical text of a version, in hex. */
const digestOf = ({ name, description, rights }: CustomRoleDraft): string =>
  sha256(canonicalText({ name, description, rights: [...rights] }));

/**
 * Rights in the order of the catalog, each once. Throws `invalid_input` for a right that no custom role may contain, and `forbidden` for a
 * right that the admin does not have within the whole installation.
 */
function allowedRights(names: readonly string[], by: Account): RightName[] {
  const wanted = new Set(names);
  for (const name of wanted) {
    if (isCustomRight(name)) continue;
    const known = GRANTABLE_RIGHTS.find((each) => each === name);
    const reason = known && exclusionOf(known);
    const detail = reason
      ? `A custom role cannot contain the right ${name}. ${EXCLUSIONS[reason]} Remove the right.`
      : `There is no right ${name} for custom roles. List the rights with GET /rights.`;
    throw new CordonError('invalid_input', detail, { path: 'body.rights', right: name });
  }
  const held = wholeRights(by.grants);
  const missing = [...wanted].filter((name) => !held.has(name as RightName));
  if (missing.length > 0) {
    throw new CordonError(
      'forbidden',
      `You do not have these rights for the whole installation: ${missing.slice(0, 5).join(', ')}. Remove them, or ask an admin who has them.`,
      { right: missing[0] ?? '' },
    );
  }
  return GRANTABLE_RIGHTS.filter((name) => wanted.has(name));
}

function requireName(name: string): void {
  const folded = foldedName(name);
  if (!isBuiltIn(folded) && !BUILT_IN_NAMES.has(folded)) return;
  throw new CordonError('conflict', `A built-in role has the name ${name}. Choose another name.`);
}

export const outdated = ({ name, version }: Pick<CustomRole, 'name' | 'version'>): CordonError =>
  new CordonError(
    'conflict',
    `Another admin changed the role ${name}. Version ${version} is the newest. Read it again.`,
  );

function inUse({ name, id }: CustomRole, { grants, tokens }: CustomRoleUses, groups: readonly string[]): CordonError {
  const uses = [
    ...grants.map((each) => `${each.invited ? 'the invitation of' : 'the account'} ${each.name}`),
    ...tokens.map((each) => `the API token ${each.name}`),
    ...groups.map((each) => `the group ${each} of the identity provider`),
  ];
  const listed = uses.slice(0, 5).join(', ');
  const more = uses.length > 5 ? ` and ${uses.length - 5} more` : '';
  return new CordonError('conflict', `The role ${name} is in use: ${listed}${more}. Remove the role there first.`, {
    role: id,
    uses,
  });
}
