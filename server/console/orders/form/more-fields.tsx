/** What an order can say and need not: folded away, since most say none of it. */
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
import { keptDocument } from '../../../../shared/api/orders.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { NOTICE_MOMENTS, PROVENANCES } from '../../../../shared/order/documents.ts';
import { upload, withQuery } from '../../client/call.ts';
import { ChooseFile } from '../../parts/choose-file.tsx';
import { MOMENT_NAMES } from '../../words/notices.ts';
import { documentWords, PROVENANCE_WORDS } from '../paper-words.ts';
import { DateTimeField } from './date-time-field.tsx';
import { LanguageTexts } from './language-texts.tsx';
import type { MoreForm } from './more-form.ts';
import type { Field } from './problems.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { readDate } from './written-date.ts';

const PUBLICATION = {
  public: 'Public: everybody can read it.',
  until: 'Kept from the public until a day: its number, services and areas alone are public.',
  law: 'Withheld by law: its number, services and areas alone are public.',
} as const;

const PANELS: Readonly<Record<string, readonly Field[]>> = {
  received: ['receivedOn', 'answerBy', 'provenance', 'answers', 'documents'],
  told: ['notice', 'noticePlan', 'exportWindow'],
  publication: ['publication'],
  decision: ['decision'],
};

/** The parts in which something is said. */
function saidIn(more: MoreForm): string[] {
  const { receivedOn, toBeAnswered, provenance, answers, documents, notices, planned, exportDays, publication } = more;
  return [
    ...(receivedOn !== '' || toBeAnswered || provenance !== null || answers !== '' || documents.length > 0
      ? ['received']
      : []),
    ...(notices.length > 0 || planned === 'chosen' || exportDays !== '' ? ['told'] : []),
    ...(publication === 'public' ? [] : ['publication']),
    ...(more.considered !== '' || more.consideredBy !== '' || more.reasons !== '' ? ['decision'] : []),
  ];
}

export function MoreFields(fields: Fields) {
  const { form, update, touch, problemAt } = fields;
  const { more } = form;
  const set = (change: Partial<MoreForm>) => update({ more: { ...more, ...change } });
  const text = (name: 'answers' | 'considered' | 'consideredBy' | 'reasons' | 'law', most: number) => ({
    value: more[name],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => set({ [name]: currentTarget.value }),
    maxLength: most,
    dir: 'auto' as const,
  });
  const [opened, setOpened] = useState<readonly string[]>(() => saidIn(more));
  // What stands against a field is seen, whether or not its part was unfolded.
  const wrong = Object.entries(PANELS).flatMap(([panel, inside]) => (inside.some(problemAt) ? [panel] : []));
  return (
    <Accordion
      variant="separated"
      multiple
      chevronPosition="left"
      value={[...new Set([...opened, ...wrong])]}
      onChange={setOpened}
    >
      <Accordion.Item value="received">
        <Accordion.Control>How it came, and by when it is to be answered</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <DateInput
              id={fieldId('receivedOn')}
              label="Received on"
              description="The day on which the instrument came: 22 Jul 2026"
              value={more.receivedOn === '' ? null : more.receivedOn}
              onChange={(date) => set({ receivedOn: date ?? '' })}
              onBlur={() => touch('receivedOn')}
              dateParser={readDate}
              valueFormat="D MMM YYYY"
              error={problemAt('receivedOn')?.text}
              popoverProps={{ withinPortal: false }}
              clearable
              clearButtonProps={{ 'aria-label': 'Clear the day of receipt' }}
            />
            <Checkbox
              checked={more.toBeAnswered}
              onChange={({ currentTarget }) => set({ toBeAnswered: currentTarget.checked })}
              label="It is to be answered by a time"
            />
            {more.toBeAnswered && (
              <DateTimeField
                id={fieldId('answerBy')}
                legend="To be answered by"
                value={more.answerBy}
                zone={form.zone}
                read={null}
                change={(answerBy) => set({ answerBy })}
                left={() => touch('answerBy')}
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
              clearButtonProps={{ 'aria-label': 'Say nothing of its provenance' }}
            />
            <TextInput
              id={fieldId('answers')}
              label="Your own answer to order"
              description="Its number, where this order is wider than what that one demands"
              error={problemAt('answers')?.text}
              onBlur={() => touch('answers')}
              {...text('answers', 32)}
            />
            <Documents more={more} set={set} error={problemAt('documents')?.text} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="told">
        <Accordion.Control>What people on devices are told, and when</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <LanguageTexts
              title="Notice to people on devices"
              what="Notice"
              texts={more.notices}
              change={(notices) => set({ notices })}
              left={() => touch('notice')}
              id={fieldId('notice')}
              error={problemAt('notice')?.text}
              least={0}
            />
            <Text size="sm" c="dimmed">
              Without one they are shown the public statement.
            </Text>
            <Radio.Group
              label="They are told"
              value={more.planned}
              onChange={(planned) => set({ planned: planned === 'chosen' ? 'chosen' : 'all' })}
              error={problemAt('noticePlan')?.text}
            >
              <Stack gap="xs" mt="xs">
                <Radio id={fieldId('noticePlan')} value="all" label="At every moment that still lies ahead" />
                <Radio value="chosen" label="At these moments" />
              </Stack>
            </Radio.Group>
            {more.planned === 'chosen' && (
              <Checkbox.Group
                aria-label="Moments of notice"
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
            {form.mode === 'exit' && (
              <NumberInput
                id={fieldId('exportWindow')}
                label="Export window, in days"
                description="How long after the effective time people can export before a wipe may be approved"
                value={more.exportDays === '' ? '' : Number(more.exportDays)}
                onChange={(days) => set({ exportDays: String(days) })}
                error={problemAt('exportWindow')?.text}
                min={0}
                max={9999}
                allowDecimal={false}
              />
            )}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="publication">
        <Accordion.Control>What the public is shown</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <Radio.Group
              label="Publication"
              value={more.publication}
              onChange={(chosen) =>
                set({ publication: chosen === 'law' ? 'law' : chosen === 'until' ? 'until' : 'public' })
              }
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
                legend="Published"
                value={more.publishAt}
                zone={form.zone}
                read={null}
                change={(publishAt) => set({ publishAt })}
                left={() => touch('publication')}
                problem={problemAt('publication')}
              />
            )}
            {more.publication === 'law' && (
              <TextInput
                label="By which law"
                error={problemAt('publication')?.text}
                onBlur={() => touch('publication')}
                required
                {...text('law', 4000)}
              />
            )}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="decision">
        <Accordion.Control>Why, for your own records</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <Text size="sm" c="dimmed">
              Kept sealed on the server for legal, owners and auditors. The order only commits to it.
            </Text>
            <Textarea
              id={fieldId('decision')}
              label="What was considered"
              autosize
              minRows={2}
              error={problemAt('decision')?.text}
              onBlur={() => touch('decision')}
              {...text('considered', 20_000)}
            />
            <TextInput label="By whom" {...text('consideredBy', 4_000)} />
            <Textarea label="Internal reasons" autosize minRows={2} {...text('reasons', 20_000)} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Documents({
  more,
  set,
  error,
}: {
  readonly more: MoreForm;
  readonly set: (change: Partial<MoreForm>) => void;
  readonly error: string | undefined;
}) {
  const sending = useMutation({
    mutationFn: async (file: File) => {
      const path = withQuery('/orders/documents', { mediaType: file.type || 'application/octet-stream' });
      return { title: file.name.slice(0, 200), ...(await upload(path, keptDocument, file)) };
    },
    onSuccess: (document) => {
      const others = more.documents.filter(({ sha256 }) => sha256 !== document.sha256);
      set({ documents: [...others, document] });
    },
  });
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>
        Documents, as they were received
      </Text>
      <List size="sm" spacing={4}>
        {more.documents.map((document) => (
          <List.Item key={document.sha256}>
            <Given>{documentWords(document)}</Given>{' '}
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Leave out ${document.title}`}
              onClick={() => set({ documents: more.documents.filter(({ sha256 }) => sha256 !== document.sha256) })}
            >
              Leave out
            </Button>
          </List.Item>
        ))}
      </List>
      <Group>
        <ChooseFile
          what="A document"
          choose={(file) => sending.mutate(file)}
          id={fieldId('documents')}
          size="xs"
          loading={sending.isPending}
        >
          Add a document
        </ChooseFile>
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
