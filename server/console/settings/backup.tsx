/** A consistent copy of the store, downloaded. Keys and passphrase are not in it. */
import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Failure } from '../../../shared/look/states.tsx';
import { saveFile } from '../client/save-file.ts';

export function Backup() {
  const backup = useMutation({
    mutationFn: () => saveFile('/backup'),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text c="dimmed" maw={760}>
        The whole store as one file, taken while the server runs. Keep the folder <code>keys</code> and its passphrase
        apart from it and from each other: without them a copy brings no installation back, and with all three anybody
        could.
      </Text>
      {backup.isError && <Failure error={backup.error} />}
      <Button variant="default" loading={backup.isPending} onClick={() => backup.mutate()}>
        Download a copy
      </Button>
    </Stack>
  );
}
