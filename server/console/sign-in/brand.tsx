import { Group, Text } from '@mantine/core';

export function Brand() {
  return (
    <Group gap="xs">
      <img src="/icon.svg" alt="" width={32} height={32} />
      <Text fw={700} size="xl">
        Cordon
      </Text>
    </Group>
  );
}
