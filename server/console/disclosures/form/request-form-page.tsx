/**
 * Form for the demand of an authority. If the desk cannot grant the demand, it refuses, states the reason, and records and counts the
 * refusal.
 */
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { z } from 'zod';
import { disclosureDetail, type disclosureForm } from '../../../../shared/api/disclosures.ts';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { call } from '../../client/call.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { ButtonLink } from '../../parts/links.tsx';
import { Page } from '../../parts/page.tsx';
import { nextStep, type RuleRefusal, ruleRefusalOf } from '../disclosure-words.ts';
import { authoritiesQuery, DESK, formQuery } from '../queries.ts';
import { bodyOf, type DemandForm, type DemandProblems, EMPTY_DEMAND, problemsOf } from './demand.ts';
import {
  AccountFields,
  AuthorityField,
  type DemandFields,
  InstrumentFields,
  OtherDataFields,
  WindowFields,
} from './demand-fields.tsx';
import { ExtraFields, fieldId } from './extra-fields.tsx';
import { RecordChoices } from './record-choices.tsx';

type FormFacts = z.output<typeof disclosureForm>;

export function RequestFormPage() {
  const query = useQuery(formQuery);
  return (
    <Page
      title="New request"
      lead="A request names one authority, one account, one legal instrument, one window in the past, and record types."
    >
      <QueryResult query={query} lines={8}>
        {(facts) => <DemandFormView facts={facts} />}
      </QueryResult>
    </Page>
  );
}

const NO_PROBLEMS: DemandProblems = new Map();

function DemandFormView({ facts }: { readonly facts: FormFacts }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const now = useServerNow(10_000);
  const [form, setForm] = useState<DemandForm>(EMPTY_DEMAND);
  const [checked, setChecked] = useState(false);
  const problems = checked ? problemsOf(form) : NO_PROBLEMS;
  const drafting = useMutation({
    mutationFn: () => call('POST', '/disclosures', disclosureDetail, bodyOf(form, now)),
    onSettled: () => client.invalidateQueries(DESK),
    onSuccess: ({ id }) => navigate({ to: '/disclosures/$id', params: { id } }),
  });
  const fields: DemandFields = {
    form,
    problems,
    update: (some) => {
      setForm((before) => ({ ...before, ...some }));
      if (drafting.isError) drafting.reset();
    },
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    const [first] = problemsOf(form).keys();
    if (first !== undefined) document.getElementById(fieldId(first))?.focus();
    else if (!drafting.isPending) drafting.mutate();
  };
  const refusal = ruleRefusalOf(drafting.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={860}>
        <Parts fields={fields} facts={facts} now={now} />
        {refusal ? <Refused refusal={refusal} /> : drafting.isError && <Failure error={drafting.error} />}
        <Stack gap="xs" align="flex-start">
          <Button type="submit" size="md" loading={drafting.isPending} disabled={refusal !== null}>
            Draft request
          </Button>
          <Text size="sm" c="dimmed">
            A draft discloses nothing. {facts.approvals} other people of the role legal must approve it. If the desk
            refuses the demand, it records the refusal, and the transparency report counts it.
          </Text>
        </Stack>
      </Stack>
    </form>
  );
}

function Parts({
  fields,
  facts,
  now,
}: {
  readonly fields: DemandFields;
  readonly facts: FormFacts;
  readonly now: number;
}) {
  const authorities = useQuery(authoritiesQuery);
  const { form, update, problems } = fields;
  return (
    <>
      <Part name="Account">
        <AccountFields {...fields} />
      </Part>
      <Part name="Authority">
        <QueryResult query={authorities} lines={2}>
          {({ authorities: listed }) => (
            <AuthorityField {...fields} authorities={listed.filter(({ state }) => state !== 'revoked')} />
          )}
        </QueryResult>
      </Part>
      <Part name="Legal instrument">
        <InstrumentFields {...fields} />
      </Part>
      <Part name="Window">
        <WindowFields {...fields} now={now} longest={facts.longestWindowDays} />
      </Part>
      <Part name="Records">
        <Stack>
          <RecordChoices
            choices={facts.records}
            chosen={form.records}
            choose={(records) => update({ records })}
            error={problems.get('records')}
          />
          <OtherDataFields {...fields} />
        </Stack>
      </Part>
      <Part name="Deadline, objection and notice">
        <ExtraFields extras={form.extras} change={(extras) => update({ extras })} problems={problems} />
      </Part>
    </>
  );
}

function Part({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={name}>
      <Title order={2} size="h4" mb="sm">
        {name}
      </Title>
      {children}
    </Paper>
  );
}

function Refused({ refusal: { reason, title, answer, id } }: { readonly refusal: RuleRefusal }) {
  const alert = useRef<HTMLDivElement>(null);
  useEffect(() => alert.current?.focus(), []);
  return (
    <Alert
      ref={alert}
      tabIndex={-1}
      color="red"
      icon={<IconBan aria-hidden />}
      title={title}
      role="alert"
      data-refusal={reason}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">The desk refused this demand and recorded the refusal as {id}.</Text>
        <Text size="sm">Answer to the authority: {answer}</Text>
        <Text size="sm">{nextStep(reason)}</Text>
        <Group gap="xs">
          <ButtonLink to="/disclosures" search={{ tab: 'refusals' as const }} size="xs" variant="default">
            Show refusals
          </ButtonLink>
          {reason === 'authority_unverified' && (
            <ButtonLink to="/disclosures" search={{ tab: 'authorities' as const }} size="xs" variant="default">
              Show authorities
            </ButtonLink>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
