/** Impact preview of a territory policy: territories whose assignment changes, and orders with assignments that differ from the policy. */
import { Alert, List, Stack, Text } from '@mantine/core';
import type { PolicyComparisonView } from '../../../shared/api/territory-policies.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { choiceName, disputedName } from '../words/territories.ts';
import { OrderChanges } from './order-changes.tsx';

export function PolicyComparison({ comparison }: { readonly comparison: PolicyComparisonView }) {
  const { current, other, territories, orders } = comparison;
  const same = current.version === other.version;
  return (
    <Stack gap="sm">
      {!same && (
        <Text size="sm">
          Version {other.version}, <UserText>{other.title}</UserText>. The active policy is version {current.version},{' '}
          <UserText>{current.title}</UserText>.
        </Text>
      )}
      {!same && territories.length === 0 && (
        <Text fw={600}>No changes. Both policies assign each territory in the same way.</Text>
      )}
      {territories.length > 0 && (
        <>
          <Text fw={600}>Territories whose assignment changes</Text>
          <List size="sm" spacing={2}>
            {territories.map(({ territory, from, to }) => (
              <List.Item key={territory}>
                {disputedName(territory)}: {choiceName(from)} now, {choiceName(to)} after activation
              </List.Item>
            ))}
          </List>
        </>
      )}
      {orders.length === 0 ? (
        <Text size="sm">All active and announced orders agree with this policy.</Text>
      ) : (
        <>
          <Alert
            color="yellow"
            title={
              orders.length === 1
                ? '1 order differs from this policy'
                : `${orders.length} orders differ from this policy`
            }
          >
            A policy never changes an existing order. The table shows how many devices would be newly affected or no
            longer affected if you revised each order to match this policy. The table uses the current device locations.
          </Alert>
          <OrderChanges
            orders={orders}
            more={(order) =>
              order.territories.map(({ territory, signed, policy }) => (
                <Text key={territory} size="sm" c="dimmed">
                  {disputedName(territory)}: {choiceName(signed)} in the order, {choiceName(policy)} in this policy
                </Text>
              ))
            }
          />
        </>
      )}
    </Stack>
  );
}
