/** What an order would do that its authors may not have meant: in red, before it happens. */
import { Alert, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { WARNING_TITLES, type Warning } from './impact-words.ts';

export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null;
  const title = warnings.length === 1 ? 'A warning before it happens' : `${warnings.length} warnings before it happens`;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title}>
      <List size="sm" spacing={4}>
        {warnings.map(({ code, detail }) => (
          <List.Item key={code}>
            <Text span size="sm" fw={600}>
              {WARNING_TITLES[code]}.
            </Text>{' '}
            <bdi>{detail}</bdi>
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
