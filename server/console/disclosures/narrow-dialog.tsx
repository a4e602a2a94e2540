/** Dialog for a narrower text of a request. Window and record types can only become smaller. The new text needs new approvals. */
import { Button, Checkbox, Group, Modal, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DisclosureDetail, disclosureDetail } from '../../../shared/api/disclosures.ts';
import { RECORD_TYPE_FACTS, type RecordType } from '../../../shared/disclosure/record-types.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { useServerNow } from '../client/server-time.tsx';
import { type DemandField, type Extras, extraProblems, extrasOf, NO_EXTRAS } from './form/demand.ts';
import { ExtraFields } from './form/extra-fields.tsx';
import { newestText } from './newest-text.ts';
import { DESK, requestPath } from './queries.ts';
import { inputValue, instantOf } from './utc-time.ts';

interface NarrowProps {
  readonly request: DisclosureDetail;
  readonly opened: boolean;
  readonly close: () => void;
}

export function NarrowDialog({ request, opened, close }: NarrowProps) {
  return (
    <Modal opened={opened} onClose={close} title="Narrow request" size="lg">
      <NarrowForm key={request.version} request={request} close={close} />
    </Modal>
  );
}

/** Initial values of the form, from the current text of the request. */
function extrasIn(request: DisclosureDetail): Extras {
  const { deadline, objection } = request;
  const { notBefore, basis } = newestText(request)?.notice ?? { notBefore: null, basis: null };
  return {
    ...NO_EXTRAS,
    deadline: deadline === null ? '' : inputValue(deadline),
    objection: objection?.text ?? '',
    delayed: notBefore !== null,
    notBefore: notBefore === null ? '' : inputValue(notBefore),
    basis: basis ?? '',
  };
}

function NarrowForm({ request, close }: Omit<NarrowProps, 'opened'>) {
  const { id, window, records, objection } = request;
  const client = useQueryClient();
  const now = useServerNow(10_000);
  const [from, setFrom] = useState(inputValue(window.from));
  const [to, setTo] = useState(inputValue(window.to));
  const [chosen, setChosen] = useState<readonly RecordType[]>(records);
  const [extras, setExtras] = useState(() => extrasIn(request));
  const [note, setNote] = useState('');
  const narrowing = useMutation({
    mutationFn: () => {
      const changed = extrasOf(extras, now);
      const same = objection !== null && objection.text === changed.objection?.text;
      return call('POST', `${requestPath(id)}/narrow`, disclosureDetail, {
        window: { from: instantOf(from), to: instantOf(to) },
        records: chosen,
        ...changed,
        ...(same && { objection }),
        note: note.trim(),
      });
    },
    onSuccess: async () => {
      await client.invalidateQueries(DESK);
      close();
    },
  });
  const missing = extraProblems(extras).filter(([, , isMissing]) => isMissing);
  const problems = new Map<DemandField, string>(missing.map(([field, text]) => [field, text]));
  const ready =
    instantOf(from) !== undefined &&
    instantOf(to) !== undefined &&
    chosen.length > 0 &&
    note.trim() !== '' &&
    missing.length === 0;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) narrowing.mutate();
      }}
    >
      <Stack>
        <Text size="sm">
          The new text can only shorten the window and remove record types. It voids the approvals of the earlier text.
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            type="datetime-local"
            label="Start"
            description="In UTC"
            required
            min={inputValue(window.from)}
            value={from}
            onChange={({ currentTarget }) => setFrom(currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label="End"
            description="In UTC"
            required
            max={inputValue(window.to)}
            value={to}
            onChange={({ currentTarget }) => setTo(currentTarget.value)}
          />
        </SimpleGrid>
        <Checkbox.Group
          label="Record types"
          value={[...chosen]}
          onChange={(values) => setChosen(records.filter((record) => values.includes(record)))}
        >
          <Stack gap="xs" mt="xs">
            {records.map((record) => (
              <Checkbox key={record} value={record} label={RECORD_TYPE_FACTS[record].title} />
            ))}
          </Stack>
        </Checkbox.Group>
        <ExtraFields extras={extras} change={setExtras} problems={problems} />
        <Textarea
          label="Reason for the new text"
          description="Not part of the signed text"
          dir="auto"
          required
          autosize
          minRows={2}
          maxLength={4000}
          value={note}
          onChange={({ currentTarget }) => setNote(currentTarget.value)}
        />
        {narrowing.isError && <Failure error={narrowing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={narrowing.isPending}>
            Narrow request
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
