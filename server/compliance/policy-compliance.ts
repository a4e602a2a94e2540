/**
 * Compliance of devices with one policy: only the settings whose value comes from this policy count. A device in the policy's groups has the
 * state `no-policy` if the policy gives it no value, for example because another policy has precedence.
 */
import { type ComplianceState, FAILING_STATES } from '../../shared/policy/compliance-states.ts';
import type { ComplianceStep } from '../../shared/policy/compliance-step.ts';
import type { PolicyId } from '../../shared/protocol/ids.ts';
import type { Policies } from '../policies/policies.ts';
import { type Situation, stepOf } from './next-row.ts';
import type { ComplianceQuery, ComplianceRow, ComplianceStore, ListedCompliance } from './ports.ts';

interface PolicyCompliancePorts {
  readonly store: Pick<ComplianceStore, 'members'>;
  readonly policies: Pick<Policies, 'effectiveFor'>;
}

type OfPolicy = Pick<ComplianceQuery, 'scope' | 'after'> & { readonly policy: PolicyId; readonly now: number };

/** Step of a device that counts only the settings of one policy. `row`: the stored row with the results of all settings. */
export function stepOfPolicy(
  row: ComplianceRow | null,
  { effective, generation, now }: Omit<Situation, 'device'>,
  policy: string,
): ComplianceStep {
  const settings = effective.settings.filter((each) => each.policy === policy);
  return stepOf(row, { effective: { ...effective, settings }, generation, now });
}

/** Devices of the policy's groups by id, each with its compliance with this policy alone. */
async function* devicesOf(
  { store, policies }: PolicyCompliancePorts,
  { policy, now, ...within }: OfPolicy,
): AsyncGenerator<ListedCompliance> {
  for await (const members of store.members({ policy, ...within })) {
    const effective = await policies.effectiveFor(members.map(({ device }) => device));
    for (const { device, user, generation, row } of members) {
      const own = effective.get(device);
      // The enrollment ended between the two queries.
      if (!own) continue;
      const { state, record, nextAt } = stepOfPolicy(row, { effective: own, generation, now }, policy);
      const { reportedAt = null, changedAt = null } = row ?? {};
      yield { device, user, state, failing: Object.keys(record.failing), reportedAt, changedAt, nextAt };
    }
  }
}

export async function countsOfPolicy(
  ports: PolicyCompliancePorts,
  question: Omit<OfPolicy, 'after'>,
): Promise<Record<ComplianceState, number>> {
  const counts = { compliant: 0, 'in-grace': 0, 'not-compliant': 0, unknown: 0, 'no-policy': 0 };
  for await (const { state } of devicesOf(ports, { ...question, after: null })) counts[state] += 1;
  return counts;
}

export async function listOfPolicy(
  ports: PolicyCompliancePorts,
  { state, setting, limit, ...question }: OfPolicy & Pick<ComplianceQuery, 'state' | 'setting' | 'limit'>,
): Promise<ListedCompliance[]> {
  const listed: ListedCompliance[] = [];
  for await (const device of devicesOf(ports, question)) {
    const inState =
      state === 'failing' ? FAILING_STATES.includes(device.state) : state === null || state === device.state;
    if (inState && (setting === null || device.failing.includes(setting))) listed.push(device);
    if (listed.length >= limit) break;
  }
  return listed;
}
