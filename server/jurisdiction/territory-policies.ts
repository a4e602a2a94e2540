/**
 * Territory policies of the operator, which assign disputed territories to countries. An imported version never changes. The active version
 * is a default for new proposals (`server/orders/drafting/proposals.ts`), and never applies to a signed order.
 */
import { previousKey } from '../../shared/api/versioned-artifact.ts';
import { TERRITORIES } from '../../shared/areas/area-code.ts';
import { type TerritoryMap, type TerritoryPolicy, territoryMapOf } from '../../shared/areas/territory-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { ListedPolicy, PolicyUse, TerritoryChange, TerritoryPolicyStore } from './ports.ts';
import type { VersionedArtifact } from './versioned-artifact.ts';

const BUILT_IN = {
  version: 0,
  title: 'Built in: all territories contested',
  date: null,
  features: {},
  hash: null,
  importedAt: null,
  importedBy: null,
} as const;

/** Territory policies, newest version first. The last policy is the built-in one. */
export interface TerritoryPolicies extends VersionedArtifact<number, ListedPolicy, PolicyUse> {
  /**
   * Imports a policy for a later activation. A repeated import of the same bytes changes nothing. Throws `unknown_territory` and
   * `not_a_claimant` for an invalid assignment, and `conflict` for a version that is not higher than all stored versions.
   */
  import(policy: TerritoryPolicy, by: string | null): Promise<ListedPolicy>;
  compare(version: number): Promise<PolicyComparison>;
  territoryMap(): Promise<TerritoryMap>;
}

export interface PolicyComparison {
  readonly current: ListedPolicy;
  readonly other: ListedPolicy;
  readonly territories: readonly TerritoryChange[];
}

export function createTerritoryPolicies({
  store,
  clock,
}: {
  readonly store: TerritoryPolicyStore;
  readonly clock: Clock;
}): TerritoryPolicies {
  async function list(): Promise<ListedPolicy[]> {
    const [stored, [use]] = [await store.territoryPolicies(), await store.territoryPolicyUses(1)];
    const all = [...stored.map(({ document, ...about }) => ({ ...document, ...about })), BUILT_IN];
    return all.map((policy) => ({ ...policy, active: policy.version === (use?.version ?? BUILT_IN.version) }));
  }

  async function find(version?: number): Promise<ListedPolicy> {
    const found = (await list()).find((policy) => (version === undefined ? policy.active : policy.version === version));
    if (found) return found;
    const detail = `Version ${version} of the territory policy does not exist. Import it first.`;
    throw new CordonError('not_found', detail, { version });
  }

  async function activate(version: number, by: string | null): Promise<ListedPolicy> {
    const { title, hash } = await find(version);
    const entry = { at: clock.now(), subject: null, public: { version, title, hash } };
    await store.activateTerritoryPolicy(version, by, { kind: 'territory-policy.activated', ...entry });
    return find(version);
  }

  return {
    list,
    uses: () => store.territoryPolicyUses(null),
    activate,

    async import(document, by) {
      territoryMapOf(document);
      const { version } = document;
      const hash = sha256(canonicalText(document));
      const importedAt = clock.now();
      if (!(await store.addTerritoryPolicy({ document, hash, importedAt, importedBy: by }))) {
        const all = await list();
        const same = all.find((policy) => policy.hash === hash);
        if (same) return same;
        const newest = Math.max(...all.map((policy) => policy.version));
        const detail = `Version ${newest} exists already, and an imported version cannot change. Set the version of this policy to ${newest + 1} or higher.`;
        throw new CordonError('conflict', detail, { version, newest });
      }
      return find(version);
    },

    async rollBack(by) {
      const uses = await store.territoryPolicyUses(null);
      const previous = previousKey([...uses.map(({ version }) => version), BUILT_IN.version]);
      if (previous !== undefined) return activate(previous, by);
      throw new CordonError(
        'conflict',
        'No other policy was active before the current one. Activate a policy by its version instead.',
      );
    },

    async compare(version) {
      const [current, other] = [await find(), await find(version)];
      const [from, to] = [territoryMapOf(current), territoryMapOf(other)];
      const territories = TERRITORIES.map((territory) => ({
        territory,
        from: from.get(territory) ?? null,
        to: to.get(territory) ?? null,
      })).filter((each) => each.from !== each.to);
      return { current, other, territories };
    },

    territoryMap: async () => territoryMapOf(await find()),
  };
}
