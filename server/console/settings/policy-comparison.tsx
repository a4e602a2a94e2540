/** What a policy of disputed ground would do, before it is taken: what it counts otherwise, and what orders would be if they were revised by it. */
import { Alert, List, Stack, Text } from '@mantine/core';
import type { PolicyComparisonView } from '../../../shared/api/disputed-policies.ts';
import { Given } from '../../../shared/look/given.tsx';
import { choiceName, disputedName } from '../words/ground.ts';
import { OrderChanges } from './order-changes.tsx';

export function PolicyComparison({ comparison }: { readonly comparison: PolicyComparisonView }) {
  const { current, other, features, orders } = comparison;
  const same = current.version === other.version;
  return (
    <Stack gap="sm">
      {!same && (
        <Text size="sm">
          Version {other.version}, <Given>{other.title}</Given>; in force is version {current.version},{' '}
          <Given>{current.title}</Given>.
        </Text>
      )}
      {!same && features.length === 0 && <Text fw={600}>Both count all ground alike.</Text>}
      {features.length > 0 && (
        <>
          <Text fw={600}>What it counts otherwise:</Text>
          <List size="sm" spacing={2}>
            {features.map(({ feature, from, to }) => (
              <List.Item key={feature}>
                {disputedName(feature)}: {choiceName(from)} now, {choiceName(to)} then
              </List.Item>
            ))}
          </List>
        </>
      )}
      {orders.length === 0 ? (
        <Text size="sm">Every order in force or announced was signed as this policy would have it.</Text>
      ) : (
        <>
          <Alert
            color="yellow"
            title={orders.length === 1 ? 'An order says otherwise' : `${orders.length} orders say otherwise`}
          >
            No order changes by itself. The figures say whom each would deny, by where devices are now, if somebody
            revised it as this policy has it.
          </Alert>
          <OrderChanges
            orders={orders}
            more={(order) =>
              order.features.map(({ feature, signed, policy }) => (
                <Text key={feature} size="sm" c="dimmed">
                  {disputedName(feature)}: {choiceName(signed)} as signed, {choiceName(policy)} by this policy
                </Text>
              ))
            }
          />
        </>
      )}
    </Stack>
  );
}
