/** The names behind handles: a file that one recipient can open and nobody else, and whose making is in the public ledger. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Failure } from '../../../shared/look/states.tsx';
import { saveFile } from '../client/save-file.ts';
import { notify } from '../parts/notices.tsx';

interface Asked {
  /** Where the file is made. */
  readonly path: string;
  /** What is asked for besides the recipient. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** `that the list shows now`: which devices. */
  readonly which: string;
  readonly devices: number;
}

export function NamesDialog({
  asked,
  close,
}: {
  /** Null while nobody asks. */
  readonly asked: Asked | null;
  readonly close: () => void;
}) {
  return (
    <Modal opened={asked !== null} onClose={close} title="Names for one recipient">
      {asked && <Body {...asked} close={close} />}
    </Modal>
  );
}

function Body({ path, given = {}, which, devices, close }: Asked & { readonly close: () => void }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const sealing = useMutation({
    mutationFn: () => saveFile(path, { body: { ...given, recipient: { name, key } } }),
    onSuccess: () => {
      void notify({
        title: 'The names are sealed',
        message: `Only ${name} can open the file, with age. The ledger says that it was made.`,
      });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sealing.mutate();
  };
  const whose = devices === 1 ? 'the one device' : `the ${devices.toLocaleString('en')} devices`;
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          A table of handle, device and the name of its user, for {whose} {which}. The file is sealed before it leaves
          the server. That it was made, and of how many, goes into the public ledger; to whom only behind a commitment.
        </Text>
        <TextInput
          label="For whom"
          required
          maxLength={200}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label="Their age recipient"
          description="They make a key with the program age-keygen, and send you its public part: age1…"
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
            Seal the names
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
