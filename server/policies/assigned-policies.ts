/** Assigned policies in memory, from which the server computes the effective policy of each device without a query per device. */

import type { SettingId } from '../../shared/policy/catalog.ts';
import {
  type AssignedPolicy,
  type EffectiveSetting,
  effectiveSettings,
  valuesOf,
} from '../../shared/policy/effective-policy.ts';
import { digestOf } from '../../shared/policy/policy-digest.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import { type VersionsInUse, versionFor } from '../../shared/policy/staged-rollout.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ChannelTarget, type UpdateChannel, updateChannelSchema } from '../../shared/software/update-channel.ts';
import type { Policy, PolicyStore } from './ports.ts';

export interface EffectivePolicy {
  /** Digest of the values, by which device and server recognize equal settings. Empty if no setting applies. */
  readonly digest: string;
  readonly settings: readonly EffectiveSetting[];
}

export const NO_POLICY: EffectivePolicy = { digest: '', settings: [] };

/** Maximum number of remembered results. Devices with the same policies in the same versions share one result. */
const MOST_REMEMBERED = 1_000;

export const documentKey = (policy: string, version: number): string => `${policy} ${version}`;

const versionsOf = ({ current, next }: VersionsInUse): number[] => [
  ...(current === null ? [] : [current]),
  ...(next === null ? [] : [next.version]),
];

export type ChannelTargets = ReadonlyMap<UpdateChannel, ChannelTarget>;

/** Part without access to the store: policies with the documents of all versions in use. */
export class AssignedPolicies {
  readonly #policies: readonly Policy[];
  readonly #documents: ReadonlyMap<string, PolicyDocument>;
  readonly #channels: ChannelTargets;
  readonly #remembered = new Map<string, EffectivePolicy>();

  constructor(
    policies: readonly Policy[],
    documents: ReadonlyMap<string, PolicyDocument>,
    channels: ChannelTargets = new Map(),
  ) {
    this.#policies = policies.filter(({ groups }) => groups.length > 0);
    this.#documents = documents;
    this.#channels = channels;
  }

  get isEmpty(): boolean {
    return this.#policies.length === 0;
  }

  effective(device: DeviceId, groups: readonly GroupId[]): EffectivePolicy {
    const chosen = this.#policies.flatMap((policy) => {
      const through = policy.groups.filter((group) => groups.includes(group));
      const version = through.length === 0 ? null : versionFor(policy.id, policy, device);
      return version === null ? [] : [{ policy, version, through }];
    });
    const key = chosen.map(({ policy, version, through }) => `${policy.id} ${version} ${through}`).join('\n');
    const known = this.#remembered.get(key);
    if (known) return known;
    const assigned = chosen.flatMap(({ policy, version, through }): AssignedPolicy[] => {
      const document = this.#documents.get(documentKey(policy.id, version));
      const { id, name, precedence } = policy;
      return document ? [{ policy: id, name, precedence, version, groups: through, document }] : [];
    });
    const settings = effectiveSettings(assigned).map((each) => this.#withTarget(each));
    const effective = settings.length === 0 ? NO_POLICY : { digest: digestOf(valuesOf(settings)), settings };
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, effective);
    return effective;
  }

  /** Groups with a policy that has the setting in a version in use. */
  groupsWith(setting: SettingId): GroupId[] {
    const having = this.#policies.filter((policy) =>
      versionsOf(policy).some(
        (version) => this.#documents.get(documentKey(policy.id, version))?.settings[setting] !== undefined,
      ),
    );
    return [...new Set(having.flatMap(({ groups }) => groups))];
  }

  /** Replaces the name of an update channel with the data that the device needs. */
  #withTarget(effective: EffectiveSetting): EffectiveSetting {
    if (effective.setting !== 'agent.update-channel') return effective;
    const channel = updateChannelSchema.parse(effective.value);
    const empty: ChannelTarget = { channel, revision: 0, packages: [], former: [] };
    return { ...effective, value: this.#channels.get(channel) ?? empty };
  }

  /** Returns a copy in which one policy has other versions in use or other groups, for an impact preview. */
  with(changed: Policy, document: PolicyDocument | null, version: number): AssignedPolicies {
    const documents = new Map(this.#documents);
    if (document) documents.set(documentKey(changed.id, version), document);
    const others = this.#policies.filter(({ id }) => id !== changed.id);
    return new AssignedPolicies([...others, changed], documents, this.#channels);
  }
}

export async function loadAssignedPolicies(
  store: Pick<PolicyStore, 'policies' | 'version'>,
  channelTargets: () => Promise<ChannelTargets>,
): Promise<AssignedPolicies> {
  const [policies, channels] = await Promise.all([store.policies(), channelTargets()]);
  const documents = new Map<string, PolicyDocument>();
  for (const policy of policies) {
    for (const version of versionsOf(policy)) {
      const found = await store.version(policy.id, version);
      if (found) documents.set(documentKey(policy.id, version), found.document);
    }
  }
  return new AssignedPolicies(policies, documents, channels);
}
