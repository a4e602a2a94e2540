/** Record of a demand that no request can express, such as a demand for all accounts or for keys. The desk refuses and counts it. */
import { Button, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { refusalView } from '../../../shared/api/disclosures.ts';
import { REFUSAL_WORDS, RULE_REASONS, type RuleReason } from '../../../shared/disclosure/refusal-reasons.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { call } from '../client/call.ts';
import { notify } from '../parts/toasts.tsx';
import { DESK } from './queries.ts';

export function RecordDemand() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open}>
        Record demand…
      </Button>
      <DemandDialog opened={opened} close={close} />
    </>
  );
}

const EMPTY = { authority: '', reference: '', receivedOn: '', note: '' };

function DemandDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState<RuleReason | null>(null);
  const [texts, setTexts] = useState(EMPTY);
  const field = (name: keyof typeof EMPTY) => ({
    value: texts[name],
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
      setTexts((before) => ({ ...before, [name]: value })),
  });
  const { note, ...needed } = texts;
  const ready = reason !== null && Object.values(needed).every((text) => text.trim() !== '');
  const leave = () => {
    setReason(null);
    setTexts(EMPTY);
    close();
  };
  const record = async () => {
    const body = { reason, ...needed, note: note.trim() === '' ? null : note };
    await call('POST', '/disclosures/refusals', refusalView, body);
    await client.invalidateQueries(DESK);
    await notify({ title: 'Refusal recorded', message: 'The transparency report counts the demand.' });
  };
  return (
    <Confirm title="Record demand" opened={opened} close={leave} verb="Record refusal" ready={ready} act={record}>
      <Stack>
        <Text size="sm">
          Record a demand that no request can express, such as a demand for all accounts or for keys. The desk cannot
          comply. The transparency report counts the demand with its reason.
        </Text>
        <Select
          label="Reason of the refusal"
          required
          data={RULE_REASONS.map((value) => ({ value, label: REFUSAL_WORDS[value].title }))}
          value={reason}
          onChange={(value) => setReason(RULE_REASONS.find((each) => each === value) ?? null)}
        />
        {reason !== null && (
          <Text size="sm" c="dimmed">
            Answer to the authority: {REFUSAL_WORDS[reason].answer}
          </Text>
        )}
        <TextInput label="Authority" dir="auto" required maxLength={200} {...field('authority')} />
        <TextInput
          label="Reference"
          description="Number or date of the letter"
          dir="auto"
          required
          maxLength={200}
          {...field('reference')}
        />
        <TextInput type="date" label="Received on" required {...field('receivedOn')} />
        <Textarea
          label="Note"
          description="Optional. The public report does not contain the note."
          dir="auto"
          autosize
          minRows={2}
          maxLength={4000}
          {...field('note')}
        />
      </Stack>
    </Confirm>
  );
}
