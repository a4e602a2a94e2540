/** What stands in the form so far, what is missing, and what would come of it. Beside the form where there is room, below it elsewhere. */
import { Group, Loader, Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { IconAlertCircle, IconCircle, IconCircleCheck } from '@tabler/icons-react';
import { areaName, listed, sentence } from '../../../../shared/areas/area-words.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { NEXUS_NAMES, servicesWords } from '../../words/orders.ts';
import { ImpactBars } from '../order-impact.tsx';
import { zonedTime } from '../rule-words.ts';
import { Warnings } from '../warnings.tsx';
import type { MoreForm } from './more-form.ts';
import type { OrderForm } from './order-form.ts';
import type { Field, Problem, Problems } from './problems.ts';
import classes from './summary.module.css';
import type { FormApi } from './use-order-form.ts';

export const PARTS = [
  { name: 'Where', fields: ['areas', 'disputed'] },
  { name: 'What', fields: ['services'] },
  { name: 'For whom', fields: ['nexus'] },
  { name: 'When', fields: ['zone', 'effective', 'until'] },
  { name: 'Rules', fields: ['mode', 'unknown', 'contested', 'visitors', 'travellers', 'waiting', 'stale'] },
  { name: 'Exempt', fields: ['exempt'] },
  { name: 'Words', fields: ['title', 'authority', 'addressee', 'instrument', 'statement', 'appeal'] },
  {
    name: 'More',
    fields: [
      ...(['receivedOn', 'answerBy', 'provenance', 'answers', 'documents', 'publication'] as const),
      ...(['notice', 'noticePlan', 'exportWindow', 'decision'] as const),
    ],
  },
] as const satisfies readonly { readonly name: string; readonly fields: readonly Field[] }[];
export type PartName = (typeof PARTS)[number]['name'];

export const partId = (name: PartName) => `order-part-${name.replace(' ', '-').toLowerCase()}`;

type Times = { readonly effective: number | null; readonly until: number | null };

function said(name: PartName, form: OrderForm, times: Times): string {
  switch (name) {
    case 'Where':
      return listed(form.areas.map(areaName));
    case 'What':
      return sentence(servicesWords(form.services));
    case 'For whom':
      return sentence(form.nexus.map((tie) => NEXUS_NAMES[tie]).join(', or '));
    case 'When': {
      const from = times.effective === null ? '' : zonedTime(times.effective, form.zone);
      return form.ends && times.until !== null ? `${from}, until ${zonedTime(times.until, form.zone)}` : from;
    }
    case 'Rules':
      return form.mode === 'exit' ? 'Leaves for good' : 'Suspends, and restores later';
    case 'Exempt': {
      if (form.exemption === 'keep') return 'As it is';
      return listed([...form.groups, ...form.devices].map(({ label }) => label)) || 'Nobody';
    }
    case 'Words':
      return form.title;
    case 'More':
      return sentence(listed(moreSaid(form.more)));
  }
}

function moreSaid({ receivedOn, toBeAnswered, documents, notices, publication, ...more }: MoreForm): string[] {
  const count = documents.length;
  return [
    ...(receivedOn === '' ? [] : ['when it came']),
    ...(toBeAnswered ? ['by when it is to be answered'] : []),
    ...(count === 0 ? [] : [`${count} ${count === 1 ? 'document' : 'documents'}`]),
    ...(notices.some(({ text }) => text.trim() !== '') ? ['a notice to people'] : []),
    ...(publication === 'public' ? [] : ['kept from the public']),
    ...(more.considered.trim() === '' ? [] : ['a decision record']),
  ];
}

export function Summary({ api }: { readonly api: Pick<FormApi, 'form' | 'problems' | 'preview' | 'fresh'> }) {
  const { form, problems, preview, fresh } = api;
  const times = { effective: preview.data?.effective ?? null, until: preview.data?.until ?? null };
  return (
    <Paper withBorder p="md" component="aside" aria-label="The order so far" className={classes.summary}>
      <Stack gap="md">
        <Title order={2} size="h4">
          The order so far
        </Title>
        <ul className={classes.parts}>
          {PARTS.map(({ name, fields }) => (
            <li key={name}>
              <Part name={name} words={said(name, form, times)} problem={worst(fields, problems)} />
            </li>
          ))}
        </ul>
        <Text size="sm" role="status">
          {preview.isError ? 'It could not be checked.' : stateOf(problems)}
        </Text>
        {problems.whole.map((detail) => (
          <Text key={detail} size="sm" c="red">
            {detail}
          </Text>
        ))}
        {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        <Warnings warnings={preview.data?.warnings ?? []} />
        {preview.data?.impact && (
          <section aria-label="Whom it touches at its time">
            <Group justify="space-between" gap="xs" mb={4}>
              <Title order={3} size="h6">
                Whom it touches at its time
              </Title>
              {!fresh && <Loader size="xs" role="status" aria-label="Counting again" />}
            </Group>
            <ImpactBars impact={preview.data.impact} />
            <Text size="xs" c="dimmed">
              Of {preview.data.impact.fleet.toLocaleString('en')} devices, by where they are now.
            </Text>
          </section>
        )}
      </Stack>
    </Paper>
  );
}

function worst(fields: readonly Field[], { fields: problems }: Problems): Problem | undefined {
  const here = fields.flatMap((field) => problems.get(field) ?? []);
  return here.find(({ missing }) => !missing) ?? here[0];
}

function stateOf({ fields, whole }: Problems): string {
  const all = [...fields.values()];
  const wrong = all.filter(({ missing }) => !missing).length + whole.length;
  const missing = all.length + whole.length - wrong;
  const parts = [
    ...(missing > 0 ? [`${missing} ${missing === 1 ? 'thing is' : 'things are'} missing`] : []),
    ...(wrong > 0 ? [`${wrong} would be refused`] : []),
  ];
  return parts.length === 0 ? 'Nothing stands against it.' : `${sentence(listed(parts))}.`;
}

/** Leads to the part of the form that it is about. */
function Part({
  name,
  words,
  problem,
}: {
  readonly name: PartName;
  readonly words: string;
  readonly problem: Problem | undefined;
}) {
  const Icon = problem === undefined ? IconCircleCheck : problem.missing ? IconCircle : IconAlertCircle;
  const state = problem === undefined ? 'complete' : problem.missing ? 'not complete' : 'would be refused';
  const go = () => {
    const part = document.getElementById(partId(name));
    part?.scrollIntoView({ block: 'start' });
    part?.focus({ preventScroll: true });
  };
  return (
    <UnstyledButton className={classes.part} onClick={go} data-state={state}>
      <Icon size={18} role="img" aria-label={state} />
      <span>
        <span className={classes.name}>{name}</span>
        <bdi className={classes.words}>{words}</bdi>
      </span>
    </UnstyledButton>
  );
}
