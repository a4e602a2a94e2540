/** The whole form on one page: parts under headings, in the order in which an instrument is read, and the summary beside them. */
import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { ExemptFields, type Revised } from './exempt-fields.tsx';
import { MoreFields } from './more-fields.tsx';
import classes from './order-form-view.module.css';
import { firstOf } from './problems.ts';
import { RuleFields } from './rule-fields.tsx';
import { type PartName, partId, Summary } from './summary.tsx';
import { type FormApi, fieldId } from './use-order-form.ts';
import { WhatFields, WhomFields } from './what-fields.tsx';
import { WhenFields } from './when-fields.tsx';
import { WhereFields } from './where-fields.tsx';
import { WordFields } from './word-fields.tsx';

export function OrderFormView({
  api,
  verb,
  revises,
  busy,
  failed,
  send,
}: {
  readonly api: FormApi;
  readonly verb: string;
  /** Null for a new order. */
  readonly revises: Revised | null;
  readonly busy: boolean;
  readonly failed: Error | null;
  readonly send: () => void;
}) {
  const { preview, restored } = api;
  const submitting = useMutation({
    mutationFn: async () => {
      api.touchAll();
      const { fields, whole } = await api.check();
      const first = firstOf(fields);
      if (first !== undefined) document.getElementById(fieldId(first))?.focus();
      else if (whole.length === 0) send();
    },
  });
  const waits = busy || submitting.isPending;
  const problem = failed ?? submitting.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!waits) submitting.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      {restored && (
        <Alert color="gray" mb="md" title="Your draft is as you left it">
          <Group justify="space-between" gap="sm">
            <Text size="sm">It is kept in this tab until you propose it.</Text>
            <Button size="xs" variant="default" onClick={api.startAgain}>
              Start again
            </Button>
          </Group>
        </Alert>
      )}
      <div className={classes.page}>
        <Stack gap="md" miw={0}>
          <Part name="Where">
            <WhereFields {...api} />
          </Part>
          <Part name="What">
            <WhatFields {...api} />
          </Part>
          <Part name="For whom">
            <WhomFields {...api} />
          </Part>
          <Part name="When">
            <WhenFields {...api} read={preview.data} />
          </Part>
          <Part
            name="Rules"
            lead="What becomes of devices that are not simply there. A new order begins with the mildest of each."
          >
            <RuleFields {...api} />
          </Part>
          <Part name="Exempt">
            <ExemptFields {...api} revises={revises} />
          </Part>
          <Part name="Words">
            <WordFields {...api} />
          </Part>
          <Part name="More" lead="What an order can say besides. Most say nothing of it.">
            <MoreFields {...api} />
          </Part>
        </Stack>
        <Summary api={api} />
        <Stack gap="xs" align="flex-start">
          {problem !== null && <Failure error={problem} />}
          <Button type="submit" size="md" loading={waits}>
            {verb}
          </Button>
          <Text size="sm" c="dimmed">
            Nothing changes yet: two approvers, neither of them you, have to sign it.
          </Text>
        </Stack>
      </div>
    </form>
  );
}

function Part({
  name,
  lead,
  children,
}: {
  readonly name: PartName;
  readonly lead?: string;
  readonly children: ReactNode;
}) {
  return (
    <Paper
      withBorder
      p="md"
      component="section"
      id={partId(name)}
      aria-label={name}
      tabIndex={-1}
      className={classes.part}
    >
      <Title order={2} size="h4" mb="sm">
        {name}
      </Title>
      {lead && (
        <Text size="sm" c="dimmed" mb="md">
          {lead}
        </Text>
      )}
      {children}
    </Paper>
  );
}
