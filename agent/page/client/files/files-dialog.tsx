/** Folder that the organization shares with the user, and the files that the organization fetched from it. */
import { Button, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { IconDownload, IconTrash, IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { z } from 'zod';
import { done } from '../../../../shared/api/wire.ts';
import { fileWordsIn } from '../../../../shared/files/notice-words/file-words.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import type { filesView } from '../../api.ts';
import classes from '../admin-messages/admin-messages.module.css';
import { blobOf, call, upload } from '../client/call.ts';
import { filesQuery } from '../client/queries.ts';
import { DIALOG_LANGUAGE } from '../mail/dialog-language.ts';
import { PASSCODE_WORDS } from '../passcode/passcode-words.ts';
import { bytes } from '../words/english.ts';
import { isolated } from '../words/names.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';

type Files = z.output<typeof filesView>;

export const FILE_WORDS = fileWordsIn(navigator.languages);
const words = FILE_WORDS;
const { lang, dir, close: closeLabel } = DIALOG_LANGUAGE;

export function FilesDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={words.title}
      size="lg"
      lang={lang}
      dir={dir}
      closeButtonProps={{ 'aria-label': closeLabel }}
    >
      {opened && <Folder />}
    </Modal>
  );
}

function Folder() {
  const query = useQuery(filesQuery);
  return (
    <QueryResult query={query}>
      {({ state, files, fetched }) => (
        <Stack>
          <Text size="sm">{words.lead}</Text>
          {state === 'open' ? (
            <List files={files} />
          ) : (
            <Text size="sm">{state === 'passcode' ? PASSCODE_WORDS.waits : words.locked}</Text>
          )}
          <Fetched fetched={fetched} />
        </Stack>
      )}
    </QueryResult>
  );
}

function List({ files }: Pick<Files, 'files'>) {
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [removed, setRemoved] = useState<string | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: filesQuery.queryKey });
  const adding = useMutation({
    mutationFn: (file: File) => upload(`/files?${nameOf(file.name)}`, done, file, () => undefined),
    onSettled: refresh,
  });
  const remove = async () => {
    if (removed === null) return;
    await call('POST', '/files/remove', done, { name: removed });
    await refresh();
  };
  return (
    <Stack gap="sm">
      {files.length === 0 && <Text size="sm">{words.none}</Text>}
      <Stack component="ul" className={classes.list} gap="xs" aria-label={words.title}>
        {files.map(({ name, size }) => (
          <li key={name}>
            <File name={name} size={size} remove={() => setRemoved(name)} />
          </li>
        ))}
      </Stack>
      {adding.isError && <Failure error={adding.error} />}
      <div>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={words.add}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) adding.mutate(file);
            // The browser sends no event if the user chooses the same file again.
            currentTarget.value = '';
          }}
        />
        <Button
          variant="default"
          leftSection={<IconUpload size={16} aria-hidden />}
          loading={adding.isPending}
          onClick={() => input.current?.click()}
        >
          {words.add}
        </Button>
      </div>
      <Confirm
        title={words.remove}
        opened={removed !== null}
        close={() => setRemoved(null)}
        verb={words.remove}
        grave
        language={DIALOG_LANGUAGE}
        act={remove}
      >
        <Text size="sm">{words.removed.replace('{name}', () => isolated(removed ?? ''))}</Text>
      </Confirm>
    </Stack>
  );
}

function File({ name, size, remove }: { readonly name: string; readonly size: number; readonly remove: () => void }) {
  const saving = useMutation({
    mutationFn: async () => saveFile(await blobOf(`/files/content?${nameOf(name)}`), name),
  });
  return (
    <>
      <Group justify="space-between" gap="xs">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          <UserText>{name}</UserText> ({bytes(size)})
        </Text>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            loading={saving.isPending}
            aria-label={`${words.save}: ${isolated(name)}`}
            onClick={() => saving.mutate()}
          >
            {words.save}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconTrash size={14} aria-hidden />}
            aria-label={`${words.remove}: ${isolated(name)}`}
            onClick={remove}
          >
            {words.remove}
          </Button>
        </Group>
      </Group>
      {saving.isError && <Failure error={saving.error} />}
    </>
  );
}

function Fetched({ fetched }: Pick<Files, 'fetched'>) {
  return (
    <Stack gap="xs" component="section" aria-label={words.fetched}>
      <Title order={3} size="h6">
        {words.fetched}
      </Title>
      {fetched.length === 0 && <Text size="sm">{words.noneFetched}</Text>}
      <Stack component="ul" className={classes.list} gap="xs">
        {fetched.map(({ command, name, reason, at }) => (
          <li key={command}>
            <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
              <UserText>{name}</UserText>
            </Text>
            <Text size="sm">{words.reason.replace('{reason}', () => isolated(reason))}</Text>
            <Text size="xs" c="dimmed">
              {dateTimeIn(NOTICE_WORDS, at)}
            </Text>
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

const nameOf = (name: string): string => new URLSearchParams({ name }).toString();
