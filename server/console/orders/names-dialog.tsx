/**
 * Dialog that exports the names of device users as a file, encrypted for one recipient. The file assigns the names to the device pseudonyms
 * of an impact preview or evidence pack. The public ledger records the export.
 */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Failure } from '../../../shared/look/states.tsx';
import { saveDownload } from '../client/save-download.ts';
import { notify } from '../parts/toasts.tsx';

interface NamesExport {
  readonly path: string;
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly which: string;
  readonly devices: number;
}

export function NamesDialog({ request, close }: { readonly request: NamesExport | null; readonly close: () => void }) {
  return (
    <Modal opened={request !== null} onClose={close} title="Export names for one recipient">
      {request && <Body {...request} close={close} />}
    </Modal>
  );
}

function Body({ path, filter = {}, which, devices, close }: NamesExport & { readonly close: () => void }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const sealing = useMutation({
    mutationFn: () => saveDownload(path, { body: { ...filter, recipient: { name, key } } }),
    onSuccess: () => {
      void notify({
        title: 'Names exported',
        message: `Only ${name} can decrypt the file, with the program “age”. The public ledger records the export.`,
      });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sealing.mutate();
  };
  const devicesText = devices === 1 ? '1 device' : `${devices.toLocaleString('en')} devices`;
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          The file lists the pseudonym (handle), the device and the user name of {devicesText} {which}. The server
          encrypts the file, so that only the recipient can read it. The public ledger records the export and the number
          of names, but not the name of the recipient.
        </Text>
        <TextInput
          label="Recipient name"
          required
          maxLength={200}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label="Recipient’s age public key"
          description="The recipient creates a key with age-keygen and sends you the public key, which starts with age1."
          required
          maxLength={200}
          spellCheck={false}
          autoComplete="off"
          value={key}
          onChange={({ currentTarget }) => setKey(currentTarget.value)}
        />
        {sealing.isError && <Failure error={sealing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={sealing.isPending}>
            Export names
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
