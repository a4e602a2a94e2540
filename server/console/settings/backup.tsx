/** An encrypted backup of the store and the keys, downloaded. */
import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Failure } from '../../../shared/look/states.tsx';
import { saveFile } from '../client/save-file.ts';
import { useMay } from '../client/session.tsx';

/** `configured`: the recipient that the server uses when nobody names another. */
export function Backup({ configured }: { readonly configured: string | null }) {
  const may = useMay();
  const [recipient, setRecipient] = useState('');
  const backup = useMutation({
    mutationFn: () => saveFile('/backup', { body: recipient.trim() === '' ? {} : { recipient: recipient.trim() } }),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text c="dimmed" maw={760}>
        One encrypted file with the store, the keys and the IP database in use, made while the server runs.{' '}
        <code>cordon restore</code> reads it. It needs two secrets: the recipient's age identity and the passphrase of
        the server. Keep them apart from each other and from the file.
      </Text>
      {may('backup.export') && (
        <TextInput
          w="100%"
          maw={760}
          label="Recipient"
          description={
            configured === null
              ? 'The age recipient who can open the file (age1…). Make one with age-keygen.'
              : 'Leave this empty to use the recipient that the server is configured with.'
          }
          placeholder={configured ?? 'age1…'}
          value={recipient}
          onChange={(event) => setRecipient(event.currentTarget.value)}
        />
      )}
      {backup.isError && <Failure error={backup.error} />}
      <Button variant="default" loading={backup.isPending} onClick={() => backup.mutate()}>
        Download a backup
      </Button>
    </Stack>
  );
}
