/** Dialog that asks a live query to one device or to the selected devices, and then opens the page with the answers. */
import { Button, Checkbox, Group, Modal, NumberInput, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { z } from 'zod';
import { type liveQueryRequest, liveQueryView } from '../../../shared/api/live-queries.ts';
import { QUERY_KINDS } from '../../../shared/live-query/live-query.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { EMPTY_DRAFT, type Problem, type QueryDraft, queryOf } from './query-draft.ts';
import { QUERY_MEANING, QUERY_NAMES } from './query-words.ts';

export type QueryTarget = Pick<z.input<typeof liveQueryRequest>, 'devices' | 'filter'>;

/** Dialog for a live query. `target`: devices to ask; null while the dialog is closed. `audience`: sentence that names the devices. */
export function AskDialog({
  target,
  audience,
  close,
}: {
  readonly target: QueryTarget | null;
  readonly audience: string;
  readonly close: () => void;
}) {
  return (
    <Modal opened={target !== null} onClose={close} title="Ask live query" size="lg">
      {target !== null && <Form target={target} audience={audience} close={close} />}
    </Modal>
  );
}

function Form({ target, audience, close }: Parameters<typeof AskDialog>[0] & { readonly target: QueryTarget }) {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const { query, problem } = queryOf(draft);
  const asking = useMutation({
    mutationFn: () => call('POST', '/queries', liveQueryView, { query, ...target }),
    onSuccess: ({ id }) => {
      close();
      void navigate({ to: '/queries/$id', params: { id } });
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (query !== null) asking.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          {audience} Connected devices answer within 30 seconds. Nothing waits for an offline device. The users of the
          devices can see what you asked. Only you can read the answers, and the server deletes them after an hour.
        </Text>
        <Radio.Group
          label="Query"
          value={draft.kind}
          onChange={(value) => setDraft({ ...draft, kind: QUERY_KINDS.find((kind) => kind === value) ?? draft.kind })}
        >
          <Stack gap={6} mt={4}>
            {QUERY_KINDS.map((kind) => (
              <Radio
                key={kind}
                value={kind}
                label={QUERY_NAMES[kind]}
                description={kind === draft.kind ? QUERY_MEANING[kind] : null}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Fields draft={draft} set={(next) => setDraft({ ...draft, ...next })} problem={problem} />
        {asking.isError && <Failure error={asking.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={query === null} loading={asking.isPending}>
            Ask query
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Fields({
  draft: { kind, name, failed, port, hashes, folders },
  set,
  problem,
}: {
  readonly draft: QueryDraft;
  readonly set: (next: Partial<QueryDraft>) => void;
  readonly problem: Problem | null;
}) {
  const errorOf = (field: string) => (problem?.field === field ? problem.text : null);
  switch (kind) {
    case 'processes':
    case 'services':
      return (
        <>
          <TextInput
            label="Part of the name"
            description="Leave the field empty to list all of them."
            maxLength={128}
            dir="auto"
            value={name}
            onChange={({ currentTarget }) => set({ name: currentTarget.value })}
          />
          {kind === 'services' && (
            <Checkbox
              label="Only failed services"
              checked={failed}
              onChange={({ currentTarget }) => set({ failed: currentTarget.checked })}
            />
          )}
        </>
      );
    case 'open-ports':
      return (
        <NumberInput
          label="Port"
          description="Leave the field empty to list all open ports."
          min={1}
          max={65_535}
          allowDecimal={false}
          styles={{ wrapper: { maxWidth: 160 } }}
          error={errorOf('port')}
          value={port ?? ''}
          onChange={(value) => set({ port: typeof value === 'number' ? value : null })}
        />
      );
    case 'files':
      return (
        <>
          <Textarea
            label="SHA-256 hashes"
            description="One hash per line, at most 16."
            required
            autosize
            minRows={1}
            maxRows={6}
            error={errorOf('sha256')}
            value={hashes}
            onChange={({ currentTarget }) => set({ hashes: currentTarget.value })}
          />
          <Textarea
            label="Folders"
            description="One absolute path per line, at most 8. The device searches subfolders too, and follows no symbolic link."
            required
            autosize
            minRows={1}
            maxRows={6}
            error={errorOf('folders')}
            value={folders}
            onChange={({ currentTarget }) => set({ folders: currentTarget.value })}
          />
        </>
      );
  }
}
