/** Warnings about possibly unintended effects of an order. The console shows the warnings before the order takes effect. */
import { Alert, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { WARNING_TITLES, type Warning } from './impact-words.ts';

export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null;
  const title = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title}>
      <List size="sm" spacing={4}>
        {warnings.map(({ code, detail }) => (
          <List.Item key={`${code} ${detail}`}>
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
