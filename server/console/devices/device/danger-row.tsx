import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';

export function Row({
  title,
  description,
  action,
}: {
  readonly title: string;
  readonly description: string;
  readonly action: ReactNode;
}) {
  return (
    <li>
      <Group justify="space-between" gap="xs">
        <div>
          <Text size="sm" fw={600}>
            {title}
          </Text>
          <Text size="sm" c="dimmed">
            {description}
          </Text>
        </div>
        {action}
      </Group>
    </li>
  );
}
