import { Paper, SimpleGrid, Text } from '@mantine/core';
import type { z } from 'zod';
import type { complianceCounts } from '../../../shared/api/compliance.ts';
import { COMPLIANCE_STATES } from '../../../shared/policy/compliance-states.ts';
import { PageLink } from '../parts/links.tsx';
import { STATE_MEANINGS, STATE_NAMES } from '../words/compliance.ts';

interface StateCountsProps {
  readonly counts: z.output<typeof complianceCounts>;
  /** Policy whose devices are counted; absent for all devices. */
  readonly policy?: string | undefined;
}

/** Number of devices in each state, with links to the lists of these devices. */
export function StateCounts({ counts, policy }: StateCountsProps) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
      {COMPLIANCE_STATES.map((state) => (
        <Paper key={state} withBorder p="md">
          <PageLink to="/compliance" search={{ state, policy }} size="sm">
            {STATE_NAMES[state]}
          </PageLink>
          <Text fw={700} size="xl">
            {counts[state].toLocaleString('en')}
          </Text>
          <Text size="xs" c="dimmed">
            {STATE_MEANINGS[state]}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
