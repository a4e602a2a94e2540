/** Files that are ready for devices: upload, sending to a group, and deletion. */
import { Button, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { issuedToMany } from '../../../shared/api/commands.ts';
import { type FileView, fileView } from '../../../shared/api/files.ts';
import { done } from '../../../shared/api/wire.ts';
import { fileNameSchema, LARGEST_FILE, LONGEST_NAME } from '../../../shared/files/workspace-file.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { call, upload, withQuery } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import { filesQuery, pushCommandOf } from './queries.ts';

export function StoredFiles() {
  const may = useMay();
  const query = useQuery(filesQuery);
  return (
    <Stack>
      <Text size="sm" c="dimmed" maw={760}>
        Files for the workspaces of devices, at most {LARGEST_FILE / 1024 / 1024} MiB each. A device keeps a file in the
        organization’s folder of its workspace, where the user can read and delete it. A wipe of the workspace destroys
        it. Cordon does not encrypt these files on the server.
      </Text>
      {may('files.upload') && <Upload />}
      <QueryResult query={query}>
        {({ files, people }) =>
          files.length === 0 ? (
            <Empty title="No files">
              {may('files.upload')
                ? 'Upload a file to send it to devices.'
                : 'An owner or a fleet admin uploads files here.'}
            </Empty>
          ) : (
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Files">
              {files.map((stored) => (
                <FileCard key={stored.sha256} stored={stored} by={people[stored.uploadedBy] ?? 'a deleted account'} />
              ))}
            </Stack>
          )
        }
      </QueryResult>
    </Stack>
  );
}

function FileCard({ stored, by }: { readonly stored: FileView; readonly by: string }) {
  const { name, size, sha256, note, uploadedAt } = stored;
  return (
    <Paper component="li" withBorder p="md">
      <Stack gap="xs">
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          <UserText>{name}</UserText>
        </Text>
        <Text size="sm">
          {size.toLocaleString('en')} bytes. Uploaded <Moment at={uploadedAt} /> by <UserText>{by}</UserText>.
        </Text>
        {note !== '' && (
          <Text size="sm">
            <UserText>{note}</UserText>
          </Text>
        )}
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          SHA-256 {sha256}
        </Text>
        <Group gap="sm">
          <Send stored={stored} />
          <Delete stored={stored} />
        </Group>
      </Stack>
    </Paper>
  );
}

function Upload() {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const choose = (chosen: File) => {
    setName(chosen.name);
    setNote('');
    setFile(chosen);
  };
  const tooLarge = file !== null && (file.size > LARGEST_FILE || file.size === 0);
  const valid = fileNameSchema.safeParse(name.trim()).success;
  const send = async () => {
    if (!file) return;
    await upload(withQuery('/files', { name: name.trim(), note: note.trim() }), fileView, file);
    await client.invalidateQueries({ queryKey: filesQuery.queryKey });
  };
  return (
    <div>
      <UploadButton label="Upload file" choose={choose}>
        Upload file…
      </UploadButton>
      <Confirm
        title="Upload file"
        opened={file !== null}
        close={() => setFile(null)}
        verb="Upload file"
        ready={valid && !tooLarge}
        act={send}
      >
        <Text size="sm" {...(tooLarge && { c: 'red', role: 'alert' })}>
          {tooLarge
            ? `The file has ${file.size.toLocaleString('en')} bytes. Choose a file with 1 to ${LARGEST_FILE.toLocaleString('en')} bytes.`
            : 'Devices receive the file only after you send it.'}
        </Text>
        <TextInput
          label="Name on the devices"
          required
          maxLength={LONGEST_NAME}
          dir="auto"
          error={valid ? null : 'Use a name without a folder, such as rules.pdf'}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label="Note (optional)"
          description="For the other admins"
          maxLength={500}
          dir="auto"
          value={note}
          onChange={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </Confirm>
    </div>
  );
}

function Send({ stored }: { readonly stored: FileView }) {
  const may = useMay();
  const navigate = useNavigate();
  const groups = useQuery(groupsQuery);
  const [group, setGroup] = useState<string | null>(null);
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('commands.issue-many') || !may('commands.push-file')) return null;
  const send = async () => {
    const command = pushCommandOf(stored);
    const issued = await call('POST', '/commands', issuedToMany, { id: newCommandId(), command, filter: { group } });
    await navigate({ to: '/jobs/$id', params: { id: issued.id } });
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Send to group…
      </Button>
      <Confirm title="Send file" opened={opened} close={close} verb="Send to group" ready={group !== null} act={send}>
        <Text size="sm">
          All active devices of the group receive <UserText>{stored.name}</UserText>. An earlier file with this name is
          replaced. The page of the job shows the progress. The page of a device sends a file to one device.
        </Text>
        <Select
          label="Group"
          required
          searchable
          data={(groups.data?.groups ?? []).map(({ id, name: label }) => ({ value: id, label }))}
          value={group}
          onChange={setGroup}
        />
      </Confirm>
    </>
  );
}

function Delete({ stored: { sha256, name } }: { readonly stored: FileView }) {
  const may = useMay();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('files.delete')) return null;
  const remove = async () => {
    await call('DELETE', `/files/${sha256}`, done);
    await client.invalidateQueries({ queryKey: filesQuery.queryKey });
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete…
      </Button>
      <Confirm title="Delete file" opened={opened} close={close} verb="Delete file" grave act={remove}>
        <Text size="sm">
          The server deletes <UserText>{name}</UserText>. Devices that have received it keep it. Devices that still wait
          for it report a failure.
        </Text>
      </Confirm>
    </>
  );
}
