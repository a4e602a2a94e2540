import { Group, Select, SimpleGrid, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { proceedingsView } from '../../../shared/api/orders.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { InstrumentDocument } from '../../../shared/order/documents.ts';
import {
  APPEAL_OUTCOMES,
  type AppealOutcome,
  OUTCOME_NAMES,
  type Proceeding,
} from '../../../shared/order/proceedings.ts';
import { call } from '../client/call.ts';
import { UploadButton } from '../parts/upload-button.tsx';
import { documentWords } from './instrument-words.ts';
import { orderQuery } from './queries.ts';
import { uploadDocument } from './upload-document.ts';

/**
 * Content of the dialog in which an admin records an answer to an authority or a step of an appeal. `corrects`: earlier record that the new
 * record corrects. The dialog then starts with the content of the earlier record.
 */
export interface Recording {
  readonly kind: Proceeding['kind'];
  readonly appeal?: number;
  readonly corrects?: { readonly number: number; readonly proceeding: Proceeding };
}

const VERBS: Readonly<Record<Proceeding['kind'], string>> = {
  answer: 'Record answer',
  'appeal-filed': 'Record appeal',
  'appeal-decided': 'Record decision',
};
const DAYS: Readonly<Record<Proceeding['kind'], string>> = {
  answer: 'Answered on',
  'appeal-filed': 'Filed on',
  'appeal-decided': 'Decided on',
};

export function ProceedingDialog({
  number,
  recording,
  close,
}: {
  readonly number: string;
  readonly recording: Recording | null;
  readonly close: () => void;
}) {
  // Keep the dialog mounted while it closes, so that the focus returns to the button that opened it.
  const [shown, setShown] = useState({ recording, form: 0 });
  if (recording !== null && recording !== shown.recording) setShown({ recording, form: shown.form + 1 });
  return (
    shown.recording && (
      <ProceedingForm
        key={shown.form}
        number={number}
        recording={shown.recording}
        opened={recording !== null}
        close={close}
      />
    )
  );
}

function ProceedingForm({
  number,
  recording: { kind, appeal, corrects },
  opened,
  close,
}: {
  readonly number: string;
  readonly recording: Recording;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  const client = useQueryClient();
  const before = corrects?.proceeding;
  const [on, setOn] = useState(before?.on ?? '');
  const [by, setBy] = useState(before?.kind === 'answer' ? before.by : '');
  const [court, setCourt] = useState(before?.kind === 'appeal-filed' ? before.court.name : '');
  const [caseNumber, setCaseNumber] = useState(before?.kind === 'appeal-filed' ? before.court.case : '');
  const [outcome, setOutcome] = useState<AppealOutcome | null>(
    before?.kind === 'appeal-decided' ? before.outcome : null,
  );
  const [note, setNote] = useState(before?.note ?? '');
  const [document, setDocument] = useState<InstrumentDocument | undefined>(before?.document);
  const sending = useMutation({ mutationFn: uploadDocument, onSuccess: setDocument });
  const ready =
    on !== '' &&
    (kind !== 'answer' || (by.trim() !== '' && document !== undefined)) &&
    (kind !== 'appeal-filed' || (court.trim() !== '' && caseNumber.trim() !== '')) &&
    (kind !== 'appeal-decided' || outcome !== null);
  const record = async () => {
    const body = {
      kind,
      on,
      ...(document && { document }),
      ...(note.trim() !== '' && { note: note.trim() }),
      ...(corrects && { corrects: corrects.number }),
      ...(kind === 'answer' && { by: by.trim() }),
      ...(kind === 'appeal-filed' && { court: { name: court.trim(), case: caseNumber.trim() } }),
      ...(kind === 'appeal-decided' && { appeal, outcome }),
    };
    await call('POST', `/orders/${encodeURIComponent(number)}/proceedings`, proceedingsView, body);
    await client.invalidateQueries({ queryKey: orderQuery(number).queryKey });
  };
  const verb = corrects ? 'Record correction' : VERBS[kind];
  return (
    <Confirm title={`${verb}: order ${number}`} opened={opened} close={close} verb={verb} ready={ready} act={record}>
      <Text size="sm">
        {corrects
          ? `The new record replaces record ${corrects.number}, which stays visible. The public ledger contains the hashes (SHA-256) of both records.`
          : 'The public ledger contains the hash (SHA-256) of this record, so nobody can change the record. To correct it, add another record.'}
      </Text>
      <TextInput
        type="date"
        label={DAYS[kind]}
        description="In the order’s time zone"
        required
        value={on}
        onChange={({ currentTarget }) => setOn(currentTarget.value)}
      />
      <KindFields
        kind={kind}
        values={{ by, court, caseNumber, outcome }}
        change={{ by: setBy, court: setCourt, caseNumber: setCaseNumber, outcome: setOutcome }}
      />
      <Group>
        <UploadButton
          label="Document"
          choose={(file) => sending.mutate(file)}
          id="proceeding-document"
          size="xs"
          loading={sending.isPending}
        >
          {document ? 'Replace document' : kind === 'answer' ? 'Add answer document (required)' : 'Add document'}
        </UploadButton>
        {document && (
          <Text size="sm">
            <UserText>{documentWords(document)}</UserText>
          </Text>
        )}
      </Group>
      {sending.isError && <Failure error={sending.error} />}
      <Textarea
        label="Note"
        description="Optional. Evidence packs show the note."
        autosize
        minRows={2}
        maxLength={2000}
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
      />
    </Confirm>
  );
}

interface KindValues {
  readonly by: string;
  readonly court: string;
  readonly caseNumber: string;
  readonly outcome: AppealOutcome | null;
}

function KindFields({
  kind,
  values,
  change,
}: {
  readonly kind: Proceeding['kind'];
  readonly values: KindValues;
  readonly change: { readonly [Name in keyof KindValues]: (value: KindValues[Name]) => void };
}) {
  return (
    <>
      {kind === 'answer' && (
        <TextInput
          label="Answered by"
          description="Person who answered for the organization. Evidence packs show the name."
          required
          maxLength={200}
          value={values.by}
          onChange={({ currentTarget }) => change.by(currentTarget.value)}
        />
      )}
      {kind === 'appeal-filed' && (
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            label="Court or body"
            required
            maxLength={200}
            value={values.court}
            onChange={({ currentTarget }) => change.court(currentTarget.value)}
          />
          <TextInput
            label="Case number"
            required
            maxLength={200}
            value={values.caseNumber}
            onChange={({ currentTarget }) => change.caseNumber(currentTarget.value)}
          />
        </SimpleGrid>
      )}
      {kind === 'appeal-decided' && (
        <Select
          label="Outcome"
          required
          data={APPEAL_OUTCOMES.map((value) => ({ value, label: capital(OUTCOME_NAMES[value]) }))}
          value={values.outcome}
          onChange={(value) => change.outcome(APPEAL_OUTCOMES.find((each) => each === value) ?? null)}
          allowDeselect={false}
        />
      )}
    </>
  );
}

export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
