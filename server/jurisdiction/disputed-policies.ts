/**
 * The operator's policies of disputed ground. A version once imported never changes; which one stands from when on is in the store and in the ledger.
 * What one says acts when an order is proposed (`server/orders/proposals.ts`), and on nothing that was signed.
 */
import { DISPUTED_FEATURES } from '../../shared/areas/area-code.ts';
import { type DisputedPolicy, type GroundMap, groundMapOf } from '../../shared/areas/disputed-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { DisputedPolicyStore, DisputedPolicyUse, GroundMove, PolicyInHand } from './ports.ts';

/** What stands while nothing was imported, and can be gone back to. */
const BUILT_IN = {
  ...{ version: 0, title: 'Built in: all of it contested', date: null, features: {} },
  ...{ hash: null, importedAt: null, importedBy: null },
} as const;

export interface DisputedPolicies {
  /** The newest version first; the last one is built in. */
  policies(): Promise<PolicyInHand[]>;
  /** Which stood from when on, the newest first; before all of them the one that is built in. */
  policyUses(): Promise<DisputedPolicyUse[]>;
  /**
   * Keeps it to be taken later. The same again is the same policy. Throws `unknown_feature`, `not_a_claimant`, and `conflict` for a version that does
   * not rise.
   */
  importPolicy(policy: DisputedPolicy, by: string | null): Promise<PolicyInHand>;
  /** Orders that are proposed from now on take it over. */
  activatePolicy(version: number, by: string | null): Promise<PolicyInHand>;
  /** Takes again what stood before the present one was taken first; throws `conflict` when nothing did. */
  rollBackPolicy(by: string | null): Promise<PolicyInHand>;
  /** Where this one and the one in force differ. Throws `not_found`. */
  comparePolicy(version: number): Promise<PolicyComparison>;
  /** Of the one in force. */
  groundMap(): Promise<GroundMap>;
}

export interface PolicyComparison {
  readonly current: PolicyInHand;
  readonly other: PolicyInHand;
  readonly features: readonly GroundMove[];
}

export function createDisputedPolicies({
  store,
  clock,
}: {
  readonly store: DisputedPolicyStore;
  readonly clock: Clock;
}): DisputedPolicies {
  async function policies(): Promise<PolicyInHand[]> {
    const [kept, [use]] = [await store.disputedPolicies(), await store.disputedPolicyUses(1)];
    const all = [...kept.map(({ document, ...about }) => ({ ...document, ...about })), BUILT_IN];
    return all.map((policy) => ({ ...policy, active: policy.version === (use?.version ?? BUILT_IN.version) }));
  }

  async function find(version: number): Promise<PolicyInHand> {
    const found = (await policies()).find((policy) => policy.version === version);
    if (found) return found;
    throw new CordonError('not_found', `There is no policy of version ${version}; import it first.`, { version });
  }

  async function inForce(): Promise<PolicyInHand> {
    const [use] = await store.disputedPolicyUses(1);
    return find(use?.version ?? BUILT_IN.version);
  }

  async function activatePolicy(version: number, by: string | null): Promise<PolicyInHand> {
    const { title, hash } = await find(version);
    const about = { kind: 'disputed-policy.activated', at: clock.now(), subject: null } as const;
    await store.activateDisputedPolicy(version, by, { ...about, public: { version, title, hash } });
    return find(version);
  }

  return {
    policies,
    policyUses: () => store.disputedPolicyUses(null),
    activatePolicy,

    async importPolicy(document, by) {
      groundMapOf(document);
      const { version } = document;
      const hash = sha256(canonicalText(document));
      const importedAt = clock.now();
      if (!(await store.addDisputedPolicy({ document, hash, importedAt, importedBy: by }))) {
        const all = await policies();
        const same = all.find((policy) => policy.hash === hash);
        if (same) return same;
        const newest = Math.max(...all.map((policy) => policy.version));
        const detail = `Version ${newest} is here already, and what it says never changes: give this policy a version above it.`;
        throw new CordonError('conflict', detail, { version, newest });
      }
      return find(version);
    },

    async rollBackPolicy(by) {
      const stood = [...(await store.disputedPolicyUses(null)).map(({ version }) => version), BUILT_IN.version];
      const [present = BUILT_IN.version] = stood;
      const before = stood[stood.lastIndexOf(present) + 1];
      if (before !== undefined) return activatePolicy(before, by);
      throw new CordonError('conflict', 'No other policy stood before this one: activate one by its version.');
    },

    async comparePolicy(version) {
      const [current, other] = [await inForce(), await find(version)];
      const [from, to] = [groundMapOf(current), groundMapOf(other)];
      const features = DISPUTED_FEATURES.map((feature) => ({
        feature,
        from: from.get(feature) ?? null,
        to: to.get(feature) ?? null,
      })).filter((move) => move.from !== move.to);
      return { current, other, features };
    },

    groundMap: async () => groundMapOf(await inForce()),
  };
}
