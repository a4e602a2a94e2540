/** Checklist for the setup of a new installation. It disappears after the last step, or when an admin dismisses it in this browser. */
import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconCircle, IconCircleCheckFilled } from '@tabler/icons-react';
import { useState } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Section } from '../parts/page.tsx';

type Steps = NonNullable<Overview['setup']>;
type Step = Steps[number]['step'];

const STEP_TEXTS: Readonly<Record<Step, { readonly title: string; readonly until: string }>> = {
  owner_secured: {
    title: 'Secure the owner account with a password and an authenticator app',
    until: 'Without this step, anyone with the setup link can become the owner.',
  },
  second_person: {
    title: 'Invite a second person',
    until: 'Some actions need two people, for example the approval of an order or a wipe of many devices.',
  },
  approver_set: {
    title: 'Adopt an approver set',
    until:
      'Without an approver set, no order can be approved. Devices accept commands, but cannot exchange messages or accept orders.',
  },
  activation_code: { title: 'Create an activation code', until: 'Without an activation code, no device can enroll.' },
  device_connected: {
    title: 'Connect the first device',
    until: 'Only a connected device can receive commands and orders.',
  },
  backup_scheduled: {
    title: 'Schedule backups',
    until:
      'Without a backup, the loss of the server’s disk forces every device to enroll again. Set CORDON_BACKUP_SCHEDULE, CORDON_BACKUP_FOLDER and CORDON_BACKUP_RECIPIENT on the server.',
  },
};

const KEY = 'cordon-setup-dismissed';

export function useSetup(setup: Overview['setup']) {
  const [dismissed, setDismissed] = useState(() => localStorage.getItem(KEY) === 'yes');
  return {
    steps: setup === null || dismissed || setup.every(({ done }) => done) ? null : setup,
    dismiss: () => {
      localStorage.setItem(KEY, 'yes');
      setDismissed(true);
    },
  };
}

export function SetupChecklist({ steps, dismiss }: { readonly steps: Steps; readonly dismiss: () => void }) {
  const done = steps.filter((step) => step.done).length;
  return (
    <Section
      title="Setup checklist"
      actions={
        <Button variant="subtle" size="compact-sm" onClick={dismiss}>
          Dismiss checklist
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        {done} of {steps.length} steps completed
      </Text>
      <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Steps">
        {steps.map((step) => (
          <Paper key={step.step} component="li" withBorder p="sm" data-step={step.step} data-done={step.done}>
            <Group gap="sm" align="flex-start">
              {step.done ? (
                <IconCircleCheckFilled size={20} aria-label="Done" color="var(--mantine-color-teal-filled)" />
              ) : (
                <IconCircle size={20} aria-label="Not done" />
              )}
              <div style={{ flex: '1 1 12rem', minWidth: 0 }}>
                <Text fw={600}>{STEP_TEXTS[step.step].title}</Text>
                {!step.done && (
                  <Text size="sm" c="dimmed">
                    {STEP_TEXTS[step.step].until}
                  </Text>
                )}
              </div>
              {!step.done && <StepLink step={step.step} />}
            </Group>
          </Paper>
        ))}
      </Stack>
    </Section>
  );
}

function StepLink({ step }: { readonly step: Step }) {
  const buttonProps = { size: 'xs', variant: 'default', style: { flexShrink: 0 } } as const;
  switch (step) {
    case 'owner_secured':
      return (
        <ButtonLink to="/account" {...buttonProps}>
          Open account
        </ButtonLink>
      );
    case 'second_person':
      return (
        <ButtonLink to="/people" search={{ tab: 'accounts' }} {...buttonProps}>
          Invite person
        </ButtonLink>
      );
    case 'approver_set':
      return (
        <ButtonLink to="/people" search={{ tab: 'approvers' }} {...buttonProps}>
          Choose approvers
        </ButtonLink>
      );
    case 'activation_code':
      return (
        <ButtonLink to="/enroll" {...buttonProps}>
          Create code
        </ButtonLink>
      );
    case 'device_connected':
      return (
        <ButtonLink to="/devices" {...buttonProps}>
          Open devices
        </ButtonLink>
      );
    case 'backup_scheduled':
      return (
        <ButtonLink to="/settings" hash="backup" {...buttonProps}>
          Open settings
        </ButtonLink>
      );
  }
}
