/** Download of an encrypted backup, which contains the database and the keys. */
import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Failure } from '../../../shared/look/states.tsx';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';

export function Backup({ configured }: { readonly configured: string | null }) {
  const may = useMay();
  const [recipient, setRecipient] = useState('');
  const backup = useMutation({
    mutationFn: () => saveDownload('/backup', { body: recipient.trim() === '' ? {} : { recipient: recipient.trim() } }),
  });
  return (
    <Stack gap="sm" align="flex-start">
      <Text c="dimmed" maw={760}>
        One encrypted file with the store, the keys and the active IP database. The server keeps running.{' '}
        <code>cordon restore</code> reads the file. It needs two secrets: the age identity of the recipient and the
        passphrase of the server. Store the two secrets in separate places, away from the file.
      </Text>
      {may('backup.export') && (
        <TextInput
          w="100%"
          maw={760}
          label="Recipient"
          description={
            configured === null
              ? 'Public key of the person who can decrypt the file, in the age format (age1…). The person creates the key with age-keygen.'
              : 'If you leave this field empty, the server uses the recipient in its configuration.'
          }
          placeholder={configured ?? 'age1…'}
          value={recipient}
          onChange={(event) => setRecipient(event.currentTarget.value)}
        />
      )}
      {backup.isError && <Failure error={backup.error} />}
      <Button variant="default" loading={backup.isPending} onClick={() => backup.mutate()}>
        Download backup
      </Button>
    </Stack>
  );
}
