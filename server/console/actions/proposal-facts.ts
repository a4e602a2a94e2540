/** Content of a proposed action in words, so that the second person knows what the server will do. */
import type { z } from 'zod';
import type { actionDetail } from '../../../shared/api/actions.ts';
import { deviceRevocation, placementOfMany } from '../../../shared/api/device-actions.ts';
import { deviceChange, revocation } from '../../../shared/api/devices.ts';
import { policyGroups, policyRollback, policyRollout } from '../../../shared/api/policies.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import { REVOCATION_WORDS } from '../words/devices.ts';

type Proposal = Pick<z.output<typeof actionDetail>, 'route' | 'body' | 'policy'>;
type Names = (group: string) => string;
export interface ProposalFact {
  readonly label: string;
  readonly value: string;
}

export function proposalFacts({ route, body, policy }: Proposal, groupName: Names): ProposalFact[] {
  const named: ProposalFact[] = policy === null ? [] : [{ label: 'Policy', value: policy }];
  switch (route) {
    case 'policies.roll-out': {
      const { version, percent } = policyRollout.parse(body);
      return [
        ...named,
        { label: 'Version', value: `${version}` },
        { label: 'Share of the devices', value: `${percent} %` },
      ];
    }
    case 'policies.roll-back':
      return [...named, { label: 'Roll back to', value: `Version ${policyRollback.parse(body).version}` }];
    case 'policies.assign':
      return [
        ...named,
        { label: 'Groups', value: policyGroups.parse(body).groups.map(groupName).join(', ') || 'None' },
      ];
    case 'policies.order':
      return [{ label: 'Change', value: 'Order of precedence of all policies' }];
    case 'devices.revoke':
      return [{ label: 'Reason', value: REVOCATION_WORDS[revocation.parse(body).reason] }];
    case 'devices.revoke-many':
      return [{ label: 'Reason', value: REVOCATION_WORDS[deviceRevocation.parse(body).reason] }];
    case 'devices.update':
      return placementFacts(deviceChange.parse(body), groupName);
    case 'devices.place':
      return placementFacts(placementOfMany.parse(body).change, groupName);
    default:
      return [];
  }
}

function placementFacts(
  { group, home, seat, statement }: z.output<typeof deviceChange>,
  groupName: Names,
): ProposalFact[] {
  return [
    ...(group === undefined ? [] : [{ label: 'New group', value: groupName(group) }]),
    ...(home === undefined ? [] : [{ label: 'New home area', value: home ?? 'None' }]),
    ...(seat === undefined ? [] : [{ label: 'New legal seat', value: seat ?? 'None' }]),
    ...(statement === undefined ? [] : statementFacts(statement)),
  ];
}

function statementFacts(statement: z.output<typeof deviceChange>['statement'] | null): ProposalFact[] {
  if (!statement) return [{ label: 'Location statement', value: 'Removed' }];
  return [
    { label: statement.kind === 'home' ? 'Stated home' : 'Stated location', value: statement.areas.join(', ') },
    { label: 'Valid until', value: dateTime(statement.until) },
    { label: 'Reason', value: statement.reason },
  ];
}
