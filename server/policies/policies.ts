/**
 * Policies: versioned desired state of devices. A version never changes. Admins assign policies to groups, order them by precedence, and
 * roll a version out to a growing share of the devices.
 */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { digestOf } from '../../shared/policy/policy-digest.ts';
import {
  compareSettings,
  type PolicyDocument,
  type SettingDifference,
  wipes,
} from '../../shared/policy/policy-document.ts';
import { type AccountId, type DeviceId, type GroupId, newPolicyId, type PolicyId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import {
  type AssignedPolicies,
  type ChannelTargets,
  type EffectivePolicy,
  loadAssignedPolicies,
  NO_POLICY,
} from './assigned-policies.ts';
import { channelUse } from './channel-use.ts';
import type { Policy, PolicyStore, PolicyVersion, Scope } from './ports.ts';
import { type LastResult, type Rehearsal, rehearse } from './rehearsal.ts';

export interface PoliciesPorts {
  readonly store: PolicyStore;
  readonly lastResults: (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, readonly LastResult[]>>;
  /** Packages of each update channel. The bus reports `policies` after a change. */
  readonly channelTargets: () => Promise<ChannelTargets>;
  readonly bus: Bus;
  readonly clock: Clock;
}

export type Policies = ReturnType<typeof createPolicies>;

const MOST_POLICIES = 100;
const MOST_VERSIONS = 1_000;
const VERSIONS_SHOWN = 50;

export interface Change {
  readonly version?: number | undefined;
  readonly percent?: number | undefined;
  readonly groups?: readonly GroupId[] | undefined;
}

export function createPolicies({ store, lastResults, channelTargets, bus, clock }: PoliciesPorts) {
  let assigned: Promise<AssignedPolicies> | null = null;
  bus.subscribe(({ kind }) => {
    if (kind === 'policies') assigned = null;
  });

  function changed(): void {
    assigned = null;
    bus.publish({ kind: 'policies' });
  }

  function load(): Promise<AssignedPolicies> {
    const loading = assigned ?? loadAssignedPolicies(store, channelTargets);
    assigned = loading;
    // A failed load is forgotten, so that the next call tries again.
    loading.catch(() => {
      if (assigned === loading) assigned = null;
    });
    return loading;
  }

  async function get(id: PolicyId): Promise<Policy> {
    const found = (await store.policies()).find((policy) => policy.id === id);
    if (!found) throw unknownPolicy(id);
    return found;
  }

  async function version(policy: PolicyId, number: number): Promise<PolicyVersion> {
    const found = await store.version(policy, number);
    if (found) return found;
    throw new CordonError('not_found', `The policy has no version ${number}.`, { policy, version: number });
  }

  type Kind = 'policy.version' | 'policy.rollout' | 'policy.assigned' | 'policy.ordered' | 'policy.deleted';
  const entryOf = (kind: Kind, by: AccountId, more: EntryDraft['public']): EntryDraft<Kind> => ({
    kind,
    at: clock.now(),
    subject: by,
    public: more,
  });

  function versionOf(policy: PolicyId, number: number, document: PolicyDocument, note: string, by: AccountId) {
    const digest = digestOf(document);
    const made: PolicyVersion = {
      policy,
      version: number,
      document,
      digest,
      note,
      createdAt: clock.now(),
      createdBy: by,
    };
    return { made, entry: entryOf('policy.version', by, { policy, version: number, digest }) };
  }

  async function create(name: string, document: PolicyDocument, note: string, by: AccountId): Promise<Policy> {
    const id = newPolicyId();
    const { made, entry } = versionOf(id, 1, document, note, by);
    await store.insert({ id, name, createdAt: made.createdAt }, made, MOST_POLICIES, entry);
    changed();
    return get(id);
  }

  /** Creates the next version. `after`: version that the author has read. Throws `conflict` if the policy has a newer one. */
  async function addVersion(
    id: PolicyId,
    after: number,
    document: PolicyDocument,
    note: string,
    by: AccountId,
  ): Promise<PolicyVersion> {
    if (after >= MOST_VERSIONS) {
      throw new CordonError('conflict', `The policy has ${MOST_VERSIONS} versions. Create a new policy.`, {
        policy: id,
      });
    }
    const { made, entry } = versionOf(id, after + 1, document, note, by);
    await store.addVersion(made, entry);
    changed();
    return made;
  }

  async function setVersions(id: PolicyId, number: number, percent: number, by: AccountId): Promise<Policy> {
    await version(id, number);
    const { current } = await get(id);
    const versions =
      percent === 100
        ? { current: number, next: null }
        : { current, next: percent === 0 ? null : { version: number, percent } };
    const entry = entryOf('policy.rollout', by, { policy: id, version: number, percent });
    if (!(await store.setVersions(id, versions, entry))) throw unknownPolicy(id);
    changed();
    return get(id);
  }

  /** Creates a version that equals an earlier one, and applies it to all devices. */
  async function rollBack(id: PolicyId, to: number, by: AccountId): Promise<Policy> {
    const [{ newestVersion }, earlier] = await Promise.all([get(id), version(id, to)]);
    const made = await addVersion(id, newestVersion, earlier.document, `Rolls back to version ${to}.`, by);
    return setVersions(id, made.version, 100, by);
  }

  async function assign(id: PolicyId, groups: readonly GroupId[], by: AccountId): Promise<Policy> {
    const entry = entryOf('policy.assigned', by, { policy: id, groups: new Set(groups).size });
    if (!(await store.assign(id, groups, entry))) throw unknownPolicy(id);
    changed();
    return get(id);
  }

  /** True if a document that is in use, or that the change would use, can wipe workspaces. Two people decide about such a change. */
  async function mayWipe(id: PolicyId, { version: number }: Pick<Change, 'version'>): Promise<boolean> {
    const { current, next } = await get(id);
    const numbers = number === undefined ? [current, next?.version ?? null] : [number];
    for (const each of numbers) {
      if (each !== null && wipes((await version(id, each)).document)) return true;
    }
    return false;
  }

  return {
    list: () => store.policies(),
    get,
    version,
    versions: (id: PolicyId, before: number | null) => store.versions(id, before, VERSIONS_SHOWN),
    create,
    addVersion,
    rollOut: setVersions,
    rollBack,
    assign,
    mayWipe,
    anyMayWipe: async (): Promise<boolean> => {
      for (const { id } of await store.policies()) if (await mayWipe(id, {})) return true;
      return false;
    },
    rename: async (id: PolicyId, name: string): Promise<Policy> => {
      if (!(await store.rename(id, name))) throw unknownPolicy(id);
      changed();
      return get(id);
    },
    order: async (policies: readonly PolicyId[], by: AccountId): Promise<Policy[]> => {
      await store.order(policies, entryOf('policy.ordered', by, { digest: digestOf(policies) }));
      changed();
      return store.policies();
    },
    remove: async (id: PolicyId, by: AccountId): Promise<void> => {
      if (!(await store.remove(id, entryOf('policy.deleted', by, { policy: id })))) throw unknownPolicy(id);
      changed();
    },
    compare: async (id: PolicyId, from: number, to: number) => {
      const [a, b] = await Promise.all([version(id, from), version(id, to)]);
      const differences: SettingDifference[] = compareSettings(a.document.settings, b.document.settings);
      return { from: a, to: b, differences };
    },
    /** Rehearses a rollout of a version, an assignment to groups, or both. Nothing is changed. */
    rehearse: async (
      id: PolicyId,
      { version: number, percent = 100, groups }: Change,
      scope: Scope,
    ): Promise<Rehearsal> => {
      const [policy, before] = await Promise.all([get(id), load()]);
      const made = number === undefined ? null : await version(id, number);
      const versions =
        made === null
          ? {}
          : percent === 100
            ? { current: made.version, next: null }
            : { next: { version: made.version, percent } };
      const changedPolicy: Policy = { ...policy, ...versions, groups: groups ?? policy.groups };
      const after = before.with(changedPolicy, made?.document ?? null, made?.version ?? 0);
      const affected = [...new Set([...policy.groups, ...changedPolicy.groups])];
      return rehearse(store, lastResults, { before, after, groups: affected, scope });
    },
    /** Effective policy of each device. While policies exist, a device that is not active has no entry. */
    effectiveFor: async (devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, EffectivePolicy>> => {
      const policies = await load();
      // If there are no policies, the server makes no query.
      if (policies.isEmpty) return new Map(devices.map((device) => [device, NO_POLICY]));
      const groups = await store.groupsOf(devices);
      return new Map([...groups].map(([device, own]) => [device, policies.effective(device, own)]));
    },
    channelUse: async (scope: Scope) => channelUse(store, lastResults, await load(), scope),
    devicesAfter: (after: DeviceId | null, limit: number) => store.devices({ scope: null, groups: null, after, limit }),
  };
}

export { type EffectivePolicy, NO_POLICY };

function unknownPolicy(id: PolicyId): CordonError {
  return new CordonError('not_found', 'There is no such policy.', { policy: id });
}
