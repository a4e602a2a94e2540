/** Files that were fetched from a device, and the buttons that send and fetch files. */
import { Button, Group, Select, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { commandView } from '../../../shared/api/commands.ts';
import { fetchedFileSchema, LONGEST_NAME, LONGEST_REASON } from '../../../shared/files/workspace-file.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { Command } from '../../../shared/protocol/frames.ts';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { call } from '../client/call.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import classes from '../devices/device/device.module.css';
import { DownloadButton } from '../parts/download-button.tsx';
import { Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { fetchedFilesQuery, filesQuery, pushCommandOf } from './queries.ts';

export function FilesSection({ id, active }: { readonly id: string; readonly active: boolean }) {
  const may = useMay();
  const query = useQuery(fetchedFilesQuery(id));
  const now = useNow(10_000);
  return (
    <Section
      title="Files"
      actions={
        active && (
          <>
            {may('commands.push-file') && may('files.list') && <Push id={id} />}
            {may('commands.fetch-file') && <Fetch id={id} />}
          </>
        )
      }
    >
      <QueryResult query={query} lines={1}>
        {({ files }) =>
          files.length === 0 ? (
            <Text size="sm" c="dimmed">
              No files. A file that you fetch from the organization’s folder of the device appears here.
            </Text>
          ) : (
            <ul className={classes.list} aria-label="Fetched files">
              {files.map(({ command, name, reason, at, size, deletedAt }) => (
                <li key={command}>
                  <Group justify="space-between" gap="xs">
                    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                      <UserText>{name}</UserText>, {size.toLocaleString('en')} bytes. Fetched{' '}
                      <Moment at={at} now={now} />. Deleted <Moment at={deletedAt} now={now} />.
                    </Text>
                    {may('fetched-files.download') && (
                      <DownloadButton size="compact-sm" path={`/devices/${id}/fetched-files/${command}`}>
                        Download file
                      </DownloadButton>
                    )}
                  </Group>
                  <Text size="xs" c="dimmed">
                    Reason: <UserText>{reason}</UserText>
                  </Text>
                </li>
              ))}
            </ul>
          )
        }
      </QueryResult>
    </Section>
  );
}

/** Sends a command to the device. The id stays the same while the dialog is open, so that a repeated request creates no second command. */
function useCommand(device: string) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [id, setId] = useState(newCommandId);
  return {
    opened,
    close,
    open() {
      setId(newCommandId());
      open();
    },
    async send(command: Command) {
      await call('POST', `/devices/${device}/commands`, commandView, { id, command });
      await client.invalidateQueries({ queryKey: ['commands'] });
    },
  };
}

function Push({ id }: { readonly id: string }) {
  const { opened, open, close, send } = useCommand(id);
  const files = useQuery({ ...filesQuery, enabled: opened }).data?.files ?? [];
  const [sha256, setSha256] = useState<string | null>(null);
  const chosen = files.find((file) => file.sha256 === sha256);
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        Send file…
      </Button>
      <Confirm
        title="Send file"
        opened={opened}
        close={close}
        verb="Send file"
        ready={chosen !== undefined}
        act={async () => chosen && send(pushCommandOf(chosen))}
      >
        <Text size="sm">
          The device stores the file in the organization’s folder of its workspace, and replaces an earlier file with
          this name. Its user can read and delete it. Upload files under “Software”, “Files”.
        </Text>
        <Select
          label="File"
          required
          searchable
          nothingFoundMessage="No files"
          data={files.map((file) => ({ value: file.sha256, label: file.name }))}
          value={sha256}
          onChange={setSha256}
        />
      </Confirm>
    </>
  );
}

function Fetch({ id }: { readonly id: string }) {
  const { opened, open, close, send } = useCommand(id);
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const wanted = fetchedFileSchema.safeParse({ name: name.trim(), reason: reason.trim() });
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        Fetch file…
      </Button>
      <Confirm
        title="Fetch file"
        opened={opened}
        close={close}
        verb="Fetch file"
        ready={wanted.success}
        act={async () => wanted.success && send({ kind: 'fetch-file', ...wanted.data })}
      >
        <Text size="sm">
          The device sends one file of the organization’s folder. Messages, mail and other files cannot be fetched. The
          user sees the name and the reason. You can download the file here for 7 days.
        </Text>
        <TextInput
          label="Name of the file"
          description="Exactly as in the organization’s folder, such as expenses.csv"
          required
          maxLength={LONGEST_NAME}
          dir="auto"
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Textarea
          label="Reason"
          description="The device displays it to its user."
          required
          autosize
          minRows={2}
          maxLength={LONGEST_REASON}
          dir="auto"
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </Confirm>
    </>
  );
}
