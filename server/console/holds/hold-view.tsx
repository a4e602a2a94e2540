import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type LegalHoldView, legalHoldView } from '../../../shared/api/holds.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';

export function HoldView({
  hold,
  people,
}: {
  readonly hold: LegalHoldView;
  readonly people: Readonly<Record<string, string>>;
}) {
  const may = useMay();
  const { reason, reference, placedAt, placedBy, released } = hold;
  const nameOf = (account: string) => <UserText>{people[account] ?? 'a deleted account'}</UserText>;
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={4} miw={0} style={{ flex: '1 1 16rem', overflowWrap: 'anywhere' }}>
        <Text fw={600} component="div">
          <HoldSubject on={hold.on} active={released === null} />
        </Text>
        <Text size="sm" c="dimmed">
          Placed <Moment at={placedAt} /> by {nameOf(placedBy)}
          {reference !== null && (
            <>
              , reference <UserText>{reference}</UserText>
            </>
          )}
        </Text>
        <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
          {reason}
        </Text>
        {released && (
          <>
            <Text size="sm" c="dimmed">
              Released <Moment at={released.at} /> by {nameOf(released.by)}
            </Text>
            <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
              {released.reason}
            </Text>
          </>
        )}
      </Stack>
      {!released && may('legal-holds.release') && <Release hold={hold} />}
    </Group>
  );
}

function HoldSubject({ on, active }: { readonly on: LegalHoldView['on']; readonly active: boolean }) {
  if (on.kind === 'device') {
    return (
      <>
        Device of{' '}
        <PageLink to="/devices/$id" params={{ id: on.device }}>
          <UserText>{on.user}</UserText>
        </PageLink>
      </>
    );
  }
  return (
    <>
      All devices of{' '}
      <PageLink to="/people/$id" params={{ id: on.person }}>
        <UserText>{on.user}</UserText>
      </PageLink>
      {active &&
        (on.devices === 0
          ? ' (none yet, and future devices)'
          : ` (${on.devices.toLocaleString('en')} now, and future devices)`)}
    </>
  );
}

function Release({ hold }: { readonly hold: LegalHoldView }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState('');
  const subject = hold.on.kind === 'device' ? `on a device of ${hold.on.user}` : `on ${hold.on.user}`;
  return (
    <>
      <Button size="xs" variant="default" aria-label={`Release legal hold ${subject}`} onClick={open}>
        Release legal hold…
      </Button>
      <Confirm
        title="Release legal hold"
        opened={opened}
        close={close}
        verb="Release legal hold"
        grave
        ready={reason.trim() !== ''}
        act={async () => {
          await call('POST', `/legal-holds/${hold.id}/release`, legalHoldView, { reason: reason.trim() });
          await client.invalidateQueries();
        }}
      >
        <Stack>
          <Text size="sm">
            Unless another legal hold applies, the server deletes expired records within an hour, and admins can wipe
            the devices again. The public ledger records the release without names. The legal hold stays in this list.
          </Text>
          <Textarea
            label="Reason for the release"
            dir="auto"
            required
            autosize
            minRows={2}
            maxLength={2000}
            data-autofocus
            value={reason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
        </Stack>
      </Confirm>
    </>
  );
}
