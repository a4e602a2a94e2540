import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../shared/look/states.tsx';
import { Section } from '../parts/page.tsx';
import { countsQuery } from './queries.ts';
import { StateCounts } from './state-counts.tsx';

/** Compliance of the fleet, for the overview. Absent while no device has a policy. */
export function ComplianceCard() {
  const counts = useQuery(countsQuery());
  if (counts.data && Object.entries(counts.data).every(([state, count]) => state === 'no-policy' || count === 0)) {
    return null;
  }
  return (
    <Section title="Compliance">
      <QueryResult query={counts} lines={2}>
        {(found) => <StateCounts counts={found} />}
      </QueryResult>
    </Section>
  );
}
