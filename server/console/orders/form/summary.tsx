/** Summary beside the order form: content of the order, missing fields and impact preview. */
import { Group, Loader, Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { IconAlertCircle, IconCircle, IconCircleCheck } from '@tabler/icons-react';
import { areaName, listed, sentence } from '../../../../shared/areas/area-words.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { NEXUS_NAMES, servicesWords } from '../../words/orders.ts';
import { ImpactBars } from '../order-impact.tsx';
import { zonedTime } from '../rule-words.ts';
import { Warnings } from '../warnings.tsx';
import type { OptionalForm } from './optional-form.ts';
import type { OrderForm } from './order-form.ts';
import type { Field, Problem, Problems } from './problems.ts';
import classes from './summary.module.css';
import type { FormApi } from './use-order-form.ts';

export const PARTS = [
  { name: 'Covered areas', fields: ['areas', 'disputed'] },
  { name: 'Suspended services', fields: ['services'] },
  { name: 'Connection (nexus)', fields: ['nexus'] },
  { name: 'Schedule', fields: ['zone', 'effective', 'until'] },
  { name: 'Rules', fields: ['mode', 'unknown', 'contested', 'visitors', 'travelers', 'waiting', 'stale'] },
  { name: 'Exemptions', fields: ['exempt'] },
  {
    name: 'Legal basis',
    fields: ['title', 'authority', 'addressee', 'instrument', 'statement', 'authoritativeLanguage', 'appeal'],
  },
  {
    name: 'Optional details',
    fields: [
      ...(['receivedOn', 'answerBy', 'provenance', 'answers', 'documents', 'publication'] as const),
      ...(['notice', 'noticePlan', 'exportWindow', 'decision'] as const),
    ],
  },
] as const satisfies readonly { readonly name: string; readonly fields: readonly Field[] }[];
export type PartName = (typeof PARTS)[number]['name'];

export const partId = (name: PartName) => `order-part-${name.replace(' ', '-').toLowerCase()}`;

type Times = { readonly effective: number | null; readonly until: number | null };

function partText(name: PartName, form: OrderForm, times: Times): string {
  switch (name) {
    case 'Covered areas':
      return listed(form.areas.map(areaName));
    case 'Suspended services':
      return sentence(servicesWords(form.services));
    case 'Connection (nexus)':
      return sentence(form.nexus.map((each) => NEXUS_NAMES[each]).join(', or '));
    case 'Schedule': {
      const from = times.effective === null ? '' : zonedTime(times.effective, form.zone);
      return form.ends && times.until !== null ? `${from}, until ${zonedTime(times.until, form.zone)}` : from;
    }
    case 'Rules':
      return form.mode === 'exit' ? 'Exit' : 'Suspension';
    case 'Exemptions': {
      if (form.exemption === 'keep') return 'Current exemptions';
      return listed([...form.groups, ...form.devices].map(({ label }) => label)) || 'No exemptions';
    }
    case 'Legal basis':
      return form.title;
    case 'Optional details':
      return sentence(listed(optionalDetails(form.more)));
  }
}

function optionalDetails({
  receivedOn,
  toBeAnswered,
  documents,
  notices,
  publication,
  ...more
}: OptionalForm): string[] {
  const count = documents.length;
  return [
    ...(receivedOn === '' ? [] : ['receipt date']),
    ...(toBeAnswered ? ['answer deadline'] : []),
    ...(count === 0 ? [] : [`${count} ${count === 1 ? 'document' : 'documents'}`]),
    ...(notices.some(({ text }) => text.trim() !== '') ? ['notice to users'] : []),
    ...(publication === 'public' ? [] : ['restricted publication']),
    ...(more.considered.trim() === '' ? [] : ['decision record']),
  ];
}

export function Summary({ api }: { readonly api: Pick<FormApi, 'form' | 'problems' | 'preview' | 'fresh'> }) {
  const { form, problems, preview, fresh } = api;
  const times = { effective: preview.data?.effective ?? null, until: preview.data?.until ?? null };
  return (
    <Paper withBorder p="md" component="aside" aria-label="Order summary" className={classes.summary}>
      <Stack gap="md">
        <Title order={2} size="h4">
          Order summary
        </Title>
        <ul className={classes.parts}>
          {PARTS.map(({ name, fields }) => (
            <li key={name}>
              <Part name={name} text={partText(name, form, times)} problem={worst(fields, problems)} />
            </li>
          ))}
        </ul>
        <Text size="sm" role="status">
          {preview.isError ? 'The server could not check the order.' : stateOf(problems)}
        </Text>
        {problems.whole.map((detail) => (
          <Text key={detail} size="sm" c="red">
            {detail}
          </Text>
        ))}
        {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        <Warnings warnings={preview.data?.warnings ?? []} />
        {preview.data?.impact && (
          <section aria-label="Impact preview">
            <Group justify="space-between" gap="xs" mb={4}>
              <Title order={3} size="h6">
                Impact preview
              </Title>
              {!fresh && <Loader size="xs" role="status" aria-label="Updating preview" />}
            </Group>
            <ImpactBars impact={preview.data.impact} />
            <Text size="xs" c="dimmed">
              Based on the current locations of {preview.data.impact.fleet.toLocaleString('en')} devices.
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
    ...(missing > 0 ? [`${missing} ${missing === 1 ? 'field is' : 'fields are'} missing`] : []),
    ...(wrong > 0 ? [`${wrong} ${wrong === 1 ? 'field is' : 'fields are'} invalid`] : []),
  ];
  return parts.length === 0 ? 'No problems found.' : `${sentence(listed(parts))}.`;
}

function Part({
  name,
  text,
  problem,
}: {
  readonly name: PartName;
  readonly text: string;
  readonly problem: Problem | undefined;
}) {
  const Icon = problem === undefined ? IconCircleCheck : problem.missing ? IconCircle : IconAlertCircle;
  const state = problem === undefined ? 'complete' : problem.missing ? 'incomplete' : 'invalid';
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
        <bdi className={classes.words}>{text}</bdi>
      </span>
    </UnstyledButton>
  );
}
