/** Dialogs that end a request: the production of the records, or a refusal by an admin. */
import { Alert, Select, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DisclosureDetail, disclosureDetail } from '../../../shared/api/disclosures.ts';
import { DECIDED_REASONS, type DecidedReason, REFUSAL_WORDS } from '../../../shared/disclosure/refusal-reasons.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { DESK, requestPath } from './queries.ts';

interface DialogProps {
  readonly request: DisclosureDetail;
  readonly opened: boolean;
  readonly close: () => void;
}

export function ProduceDialog({ request: { id, authority, person }, opened, close }: DialogProps) {
  const client = useQueryClient();
  return (
    <Confirm
      title="Produce records"
      opened={opened}
      close={close}
      verb="Seal and produce records"
      grave
      act={async () => {
        await call('POST', `${requestPath(id)}/produce`, disclosureDetail);
        await client.invalidateQueries(DESK);
      }}
    >
      <Stack>
        <Text size="sm">
          The server seals the records of {person === null ? 'one account' : <UserText>{person.name}</UserText>} to the
          key of <UserText>{authority.name}</UserText>. Only this authority can open the file. You cannot open it.
        </Text>
        <Alert color="red" title="A production cannot be taken back">
          The server produces the records once. For more records, the authority needs a second request with its own
          instrument.
        </Alert>
      </Stack>
    </Confirm>
  );
}

export function RefuseDialog({ request: { id }, opened, close }: DialogProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState<DecidedReason | null>(null);
  const [note, setNote] = useState('');
  return (
    <Confirm
      title="Refuse request"
      opened={opened}
      close={close}
      verb="Refuse request"
      grave
      ready={reason !== null && note.trim() !== ''}
      act={async () => {
        await call('POST', `${requestPath(id)}/refuse`, disclosureDetail, { reason, note: note.trim() });
        await client.invalidateQueries(DESK);
      }}
    >
      <Stack>
        <Text size="sm">A refused request stays in the list. The transparency report counts it with its reason.</Text>
        <Select
          label="Reason"
          required
          data={DECIDED_REASONS.map((value) => ({ value, label: REFUSAL_WORDS[value].title }))}
          value={reason}
          onChange={(value) => setReason(DECIDED_REASONS.find((each) => each === value) ?? null)}
        />
        <Textarea
          label="Note"
          description="Facts of the decision. The public report does not contain the note."
          dir="auto"
          required
          autosize
          minRows={2}
          maxLength={4000}
          value={note}
          onChange={({ currentTarget }) => setNote(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}
