/** Optional parts of the order form. They are collapsed, because most orders omit them. */
import {
  Accordion,
  Button,
  Checkbox,
  Group,
  List,
  NumberInput,
  Radio,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { NOTICE_MOMENTS, PROVENANCES } from '../../../../shared/order/documents.ts';
import { UploadButton } from '../../parts/upload-button.tsx';
import { MOMENT_NAMES } from '../../words/notices.ts';
import { documentWords, PROVENANCE_WORDS } from '../instrument-words.ts';
import { uploadDocument } from '../upload-document.ts';
import { DateTimeField } from './date-time-field.tsx';
import { LanguageTexts } from './language-texts.tsx';
import type { OptionalForm } from './optional-form.ts';
import { parseDate } from './parse-date.ts';
import type { Field } from './problems.ts';
import { type Fields, fieldId } from './use-order-form.ts';

const PUBLICATION = {
  public: 'Public: everyone can read the order.',
  until: 'Delayed: until the publication date, the public sees only the number, services and areas.',
  law: 'Withheld by law: the public sees only the number, services and areas.',
} as const;

const PANELS: Readonly<Record<string, readonly Field[]>> = {
  received: ['receivedOn', 'answerBy', 'provenance', 'answers', 'documents'],
  notices: ['notice', 'noticePlan', 'exportWindow'],
  publication: ['publication'],
  decision: ['decision'],
};

function filledParts(more: OptionalForm): string[] {
  const { receivedOn, toBeAnswered, provenance, answers, documents, notices, planned, exportDays, publication } = more;
  return [
    ...(receivedOn !== '' || toBeAnswered || provenance !== null || answers !== '' || documents.length > 0
      ? ['received']
      : []),
    ...(notices.length > 0 || planned === 'chosen' || exportDays !== '' ? ['notices'] : []),
    ...(publication === 'public' ? [] : ['publication']),
    ...(more.considered !== '' || more.consideredBy !== '' || more.reasons !== '' ? ['decision'] : []),
  ];
}

interface PartProps {
  readonly fields: Fields;
  readonly set: (change: Partial<OptionalForm>) => void;
}

function textField(
  { fields, set }: PartProps,
  name: 'answers' | 'considered' | 'consideredBy' | 'reasons' | 'law',
  most: number,
) {
  return {
    value: fields.form.more[name],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => set({ [name]: currentTarget.value }),
    maxLength: most,
    dir: 'auto' as const,
  };
}

export function OptionalFields(fields: Fields) {
  const { form, update, problemAt } = fields;
  const { more } = form;
  const set = (change: Partial<OptionalForm>) => update({ more: { ...more, ...change } });
  const [opened, setOpened] = useState<readonly string[]>(() => filledParts(more));
  const wrong = Object.entries(PANELS).flatMap(([panel, inside]) => (inside.some(problemAt) ? [panel] : []));
  return (
    <Accordion
      variant="separated"
      multiple
      chevronPosition="left"
      value={[...new Set([...opened, ...wrong])]}
      onChange={setOpened}
    >
      {PARTS.map(({ value, title, Content }) => (
        <Accordion.Item key={value} value={value}>
          <Accordion.Control>{title}</Accordion.Control>
          <Accordion.Panel>
            <Content fields={fields} set={set} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function ReceiptFields(part: PartProps) {
  const {
    form: { more },
    touch,
    problemAt,
  } = part.fields;
  const { set } = part;
  return (
    <Stack>
      <DateInput
        id={fieldId('receivedOn')}
        label="Received on"
        description="Date on which your organization received the legal instrument, for example 22 Jul 2026"
        value={more.receivedOn === '' ? null : more.receivedOn}
        onChange={(date) => set({ receivedOn: date ?? '' })}
        onBlur={() => touch('receivedOn')}
        dateParser={parseDate}
        valueFormat="D MMM YYYY"
        error={problemAt('receivedOn')?.text}
        popoverProps={{ withinPortal: false }}
        clearable
        clearButtonProps={{ 'aria-label': 'Remove date of receipt' }}
      />
      <Checkbox
        checked={more.toBeAnswered}
        onChange={({ currentTarget }) => set({ toBeAnswered: currentTarget.checked })}
        label="The authority expects an answer"
      />
      {more.toBeAnswered && (
        <DateTimeField
          id={fieldId('answerBy')}
          legend="Answer due by"
          value={more.answerBy}
          zone={part.fields.form.zone}
          read={null}
          change={(answerBy) => set({ answerBy })}
          onBlur={() => touch('answerBy')}
          problem={problemAt('answerBy')}
        />
      )}
      <Select
        id={fieldId('provenance')}
        label="Provenance"
        data={PROVENANCES.map((value) => ({ value, label: PROVENANCE_WORDS[value] }))}
        value={more.provenance}
        onChange={(chosen) => set({ provenance: PROVENANCES.find((each) => each === chosen) ?? null })}
        error={problemAt('provenance')?.text}
        clearable
        clearButtonProps={{ 'aria-label': 'Remove provenance' }}
      />
      <TextInput
        id={fieldId('answers')}
        label="In response to order"
        description="Only if an authority demanded an earlier order and this order goes further: the number of the earlier order"
        error={problemAt('answers')?.text}
        onBlur={() => touch('answers')}
        {...textField(part, 'answers', 32)}
      />
      <Documents more={more} set={set} error={problemAt('documents')?.text} />
    </Stack>
  );
}

function NoticeFields(part: PartProps) {
  const {
    form: { more },
    touch,
    problemAt,
  } = part.fields;
  const { set } = part;
  return (
    <Stack>
      <LanguageTexts
        title="Notice to users"
        label="Notice"
        texts={more.notices}
        change={(notices) => set({ notices })}
        onBlur={() => touch('notice')}
        id={fieldId('notice')}
        error={problemAt('notice')?.text}
        least={0}
      />
      <Text size="sm" c="dimmed">
        Without a notice, devices display the public statement.
      </Text>
      <Radio.Group
        label="Notice times"
        description="The notice times are 30 days, 7 days, 1 day and 1 hour before the effective time, at the effective time, and at withdrawal."
        value={more.planned}
        onChange={(planned) => set({ planned: planned === 'chosen' ? 'chosen' : 'all' })}
        error={problemAt('noticePlan')?.text}
      >
        <Stack gap="xs" mt="xs">
          <Radio id={fieldId('noticePlan')} value="all" label="At each notice time that has not passed yet" />
          <Radio value="chosen" label="Only at selected times" />
        </Stack>
      </Radio.Group>
      {more.planned === 'chosen' && (
        <Checkbox.Group
          aria-label="Selected notice times"
          value={more.plan}
          onChange={(chosen) => set({ plan: NOTICE_MOMENTS.filter((moment) => chosen.includes(moment)) })}
        >
          <Group>
            {NOTICE_MOMENTS.map((moment) => (
              <Checkbox key={moment} value={moment} label={MOMENT_NAMES[moment]} />
            ))}
          </Group>
        </Checkbox.Group>
      )}
      {part.fields.form.mode === 'exit' && (
        <NumberInput
          id={fieldId('exportWindow')}
          label="Export window, in days"
          description="Number of days after the effective time in which users can export their data. Approvers can approve an exit only afterward."
          value={more.exportDays === '' ? '' : Number(more.exportDays)}
          onChange={(days) => set({ exportDays: String(days) })}
          error={problemAt('exportWindow')?.text}
          min={0}
          max={9999}
          allowDecimal={false}
        />
      )}
    </Stack>
  );
}

function PublicationFields(part: PartProps) {
  const {
    form: { more },
    touch,
    problemAt,
  } = part.fields;
  const { set } = part;
  return (
    <Stack>
      <Radio.Group
        label="Publication"
        value={more.publication}
        onChange={(chosen) => set({ publication: chosen === 'law' ? 'law' : chosen === 'until' ? 'until' : 'public' })}
      >
        <Stack gap="xs" mt="xs">
          {(['public', 'until', 'law'] as const).map((each) => (
            <Radio
              key={each}
              {...(each === 'public' && { id: fieldId('publication') })}
              value={each}
              label={PUBLICATION[each]}
            />
          ))}
        </Stack>
      </Radio.Group>
      {more.publication === 'until' && (
        <DateTimeField
          id={`${fieldId('publication')}-until`}
          legend="Publication date"
          value={more.publishAt}
          zone={part.fields.form.zone}
          read={null}
          change={(publishAt) => set({ publishAt })}
          onBlur={() => touch('publication')}
          problem={problemAt('publication')}
        />
      )}
      {more.publication === 'law' && (
        <TextInput
          label="Law"
          error={problemAt('publication')?.text}
          onBlur={() => touch('publication')}
          required
          {...textField(part, 'law', 4000)}
        />
      )}
    </Stack>
  );
}

function DecisionFields(part: PartProps) {
  const { touch, problemAt } = part.fields;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Only admins with the role owner, legal or auditor can read the decision record. The server stores the record
        encrypted. The order contains only the hash (SHA-256) of the record.
      </Text>
      <Textarea
        id={fieldId('decision')}
        label="Considerations"
        autosize
        minRows={2}
        error={problemAt('decision')?.text}
        onBlur={() => touch('decision')}
        {...textField(part, 'considered', 20_000)}
      />
      <TextInput label="Decided by" {...textField(part, 'consideredBy', 4_000)} />
      <Textarea label="Internal reasons" autosize minRows={2} {...textField(part, 'reasons', 20_000)} />
    </Stack>
  );
}

const PARTS = [
  { value: 'received', title: 'Date of receipt and deadline for the answer', Content: ReceiptFields },
  { value: 'notices', title: 'User notices', Content: NoticeFields },
  { value: 'publication', title: 'Publication', Content: PublicationFields },
  { value: 'decision', title: 'Decision record', Content: DecisionFields },
] as const;

function Documents({
  more,
  set,
  error,
}: {
  readonly more: OptionalForm;
  readonly set: (change: Partial<OptionalForm>) => void;
  readonly error: string | undefined;
}) {
  const sending = useMutation({
    mutationFn: uploadDocument,
    onSuccess: (document) => {
      const others = more.documents.filter(({ sha256 }) => sha256 !== document.sha256);
      set({ documents: [...others, document] });
    },
  });
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>
        Documents as received
      </Text>
      <List size="sm" spacing={4}>
        {more.documents.map((document) => (
          <List.Item key={document.sha256}>
            <UserText>{documentWords(document)}</UserText>{' '}
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Remove ${document.title}`}
              onClick={() => set({ documents: more.documents.filter(({ sha256 }) => sha256 !== document.sha256) })}
            >
              Remove
            </Button>
          </List.Item>
        ))}
      </List>
      <Group>
        <UploadButton
          label="Document"
          choose={(file) => sending.mutate(file)}
          id={fieldId('documents')}
          size="xs"
          loading={sending.isPending}
        >
          Add document
        </UploadButton>
      </Group>
      {error !== undefined && (
        <Text size="sm" c="red">
          {error}
        </Text>
      )}
      {sending.isError && <Failure error={sending.error} />}
    </Stack>
  );
}
