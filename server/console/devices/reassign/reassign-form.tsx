/** Form that gives many devices to new owners: one person for a selection, or pairs from a list. The server decides about each line. */
import { Button, Checkbox, Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PersonView } from '../../../../shared/api/people.ts';
import { reassignmentPreview, reassignmentResult } from '../../../../shared/api/reassignment.ts';
import { parsePairs } from '../../../../shared/devices/reassignment-csv.ts';
import { CordonError } from '../../../../shared/errors.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import { devicesText } from '../../actions/action-words.ts';
import { isBlocked, WhoConfirms } from '../../actions/who-confirms.tsx';
import { call } from '../../client/call.ts';
import { installationQuery } from '../../client/queries.ts';
import { PersonSelect } from '../../parts/person-select.tsx';
import { UploadButton } from '../../parts/upload-button.tsx';
import type { Selection } from '../bulk/action-preview.ts';
import { CountConfirmation, Proposed } from '../bulk/confirmation.tsx';
import { NewLinks } from './new-links.tsx';
import { PreviewLines } from './preview-lines.tsx';

/** Milliseconds without typing before the server previews the list. */
const PAUSE = 400;
const LIFETIMES = [
  { value: '48', label: '2 days' },
  { value: '168', label: '1 week' },
  { value: '720', label: '30 days' },
];

/** `selection`: null if the admin gives a list of devices with their new owners. */
export function ReassignForm({
  selection,
  close,
}: {
  readonly selection: Selection | null;
  readonly close: () => void;
}) {
  const client = useQueryClient();
  const [person, setPerson] = useState<PersonView | null>(null);
  const [text, setText] = useState('');
  const [hours, setHours] = useState('168');
  const [mail, setMail] = useState(false);
  const [confirmed, setConfirmed] = useState<number | null>(null);
  const sendsMail = useQuery(installationQuery).data?.mail ?? false;
  const { wanted, problem } = selection ? selected(selection, person) : listed(text);
  const request = JSON.stringify(wanted);
  const [settled] = useDebouncedValue(request, PAUSE);
  const acting = useMutation({
    mutationFn: (expect: number) =>
      call('POST', '/device-actions/reassign', reassignmentResult, {
        ...wanted,
        expect,
        expiresInHours: Number(hours),
        mail,
      }),
    onSuccess: () => void client.invalidateQueries(),
    onError: (refused) => {
      if (!(refused instanceof ApiError) || refused.code !== 'conflict') return;
      setConfirmed(null);
      void preview.refetch();
    },
  });
  const preview = useQuery({
    queryKey: ['devices', 'reassignment', settled],
    queryFn: ({ signal }) =>
      call('POST', '/device-actions/reassign/preview', reassignmentPreview, JSON.parse(settled), signal),
    enabled: settled !== 'null' && !acting.isSuccess,
    placeholderData: keepPreviousData,
  });
  const affected = preview.data?.affected ?? 0;
  const current = preview.data !== undefined && !preview.isPlaceholderData && settled === request;
  const ready =
    wanted !== null && current && affected > 0 && confirmed === affected && !isBlocked(preview.data.secondPerson);
  const change = () => {
    setConfirmed(null);
    acting.reset();
  };
  if (acting.data) return <NewLinks result={acting.data} close={close} />;
  if (acting.error instanceof ApiError && acting.error.code === 'second_person_required') {
    return <Proposed error={acting.error} close={close} />;
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) acting.mutate(affected);
      }}
    >
      <Stack>
        <Text size="sm">
          Each device gets an activation link. It keeps its present owner until it enrolls with the link. Work data,
          messages and mail of the earlier owner do not pass to the new one.
        </Text>
        {selection ? (
          <PersonSelect
            label="New owner"
            placeholder="Search by name, e-mail address or ID"
            required
            chosen={person}
            choose={(next) => {
              setPerson(next);
              change();
            }}
          />
        ) : (
          <PairsField
            text={text}
            problem={problem}
            change={(next) => {
              setText(next);
              change();
            }}
          />
        )}
        {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {preview.isLoading && <Loading lines={3} />}
        {wanted && preview.data && <PreviewLines preview={preview.data} />}
        <NativeSelect
          label="Lifetime of the links"
          data={LIFETIMES}
          value={hours}
          onChange={({ currentTarget }) => setHours(currentTarget.value)}
        />
        {sendsMail && (
          <Checkbox
            label="Send each link to its new owner by mail"
            checked={mail}
            onChange={({ currentTarget }) => setMail(currentTarget.checked)}
          />
        )}
        {wanted && affected > 0 && (
          <CountConfirmation
            title="The enrollment of each device ends when it uses its link"
            noun="action"
            total={affected}
            confirmed={confirmed}
            confirm={setConfirmed}
          />
        )}
        {wanted && <WhoConfirms second={preview.data?.secondPerson} />}
        {acting.isError && <Failure error={acting.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!ready} loading={acting.isPending}>
            Create links for {devicesText(wanted ? affected : 0)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function PairsField({
  text,
  problem,
  change,
}: {
  readonly text: string;
  readonly problem: string | null;
  readonly change: (text: string) => void;
}) {
  return (
    <Stack gap="xs">
      <Textarea
        label="Devices and new owners"
        description="One device and one person per line, with a semicolon between them. A device: ID, serial number, host name or name. A person: ID, e-mail address or directory ID."
        placeholder={'PF-1234;amina@example.org\nPF-1235;bilal@example.org'}
        required
        autosize
        minRows={4}
        maxRows={10}
        error={problem}
        value={text}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
      <div>
        <UploadButton
          size="xs"
          label="CSV file with devices and persons"
          accept=".csv,.txt,text/csv,text/plain"
          choose={(file) => void file.text().then(change)}
        >
          Open CSV file…
        </UploadButton>
      </div>
    </Stack>
  );
}

interface Wanted {
  readonly wanted: object | null;
  readonly problem: string | null;
}

const selected = (selection: Selection, person: PersonView | null): Wanted => ({
  wanted: person && { ...selection, person: person.id },
  problem: null,
});

function listed(text: string): Wanted {
  try {
    const pairs = parsePairs(text);
    return { wanted: pairs.length === 0 ? null : { pairs }, problem: null };
  } catch (error) {
    if (error instanceof CordonError) return { wanted: null, problem: error.message };
    throw error;
  }
}
