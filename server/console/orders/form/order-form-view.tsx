import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { AreaFields } from './area-fields.tsx';
import { ExemptionFields, type Revised } from './exemption-fields.tsx';
import { LegalBasisFields } from './legal-basis-fields.tsx';
import { OptionalFields } from './optional-fields.tsx';
import classes from './order-form-view.module.css';
import { firstOf } from './problems.ts';
import { RuleFields } from './rule-fields.tsx';
import { ScheduleFields } from './schedule-fields.tsx';
import { NexusFields, ServiceFields } from './service-fields.tsx';
import { type PartName, partId, Summary } from './summary.tsx';
import { type FormApi, fieldId } from './use-order-form.ts';

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
        <Alert color="gray" mb="md" title="Draft restored">
          <Group justify="space-between" gap="sm">
            <Text size="sm">This browser tab keeps the draft until you propose the order.</Text>
            <Button size="xs" variant="default" onClick={api.startAgain}>
              Discard draft
            </Button>
          </Group>
        </Alert>
      )}
      <div className={classes.page}>
        <Stack gap="md" miw={0}>
          <Part name="Covered areas">
            <AreaFields {...api} />
          </Part>
          <Part name="Suspended services">
            <ServiceFields {...api} />
          </Part>
          <Part name="Connection (nexus)">
            <NexusFields {...api} />
          </Part>
          <Part name="Schedule">
            <ScheduleFields {...api} read={preview.data} />
          </Part>
          <Part
            name="Rules"
            lead="These rules apply to devices in special circumstances, for example with an unknown location. A new order starts with the mildest rules."
          >
            <RuleFields {...api} />
          </Part>
          <Part name="Exemptions">
            <ExemptionFields {...api} revises={revises} />
          </Part>
          <Part name="Legal basis">
            <LegalBasisFields {...api} />
          </Part>
          <Part name="Optional details" lead="Most orders do not need these details.">
            <OptionalFields {...api} />
          </Part>
        </Stack>
        <Summary api={api} />
        <Stack gap="xs" align="flex-start">
          {problem !== null && <Failure error={problem} />}
          <Button type="submit" size="md" loading={waits}>
            {verb}
          </Button>
          <Text size="sm" c="dimmed">
            The proposal changes nothing yet. Two approvers other than you must sign it first.
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
