/** One legal hold: since when and by whom, for what, and what became of it. */
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type LegalHoldView, legalHoldView } from '../../../shared/api/holds.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
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
  const named = (account: string) => <Given>{people[account] ?? 'somebody whose account is gone'}</Given>;
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={4} miw={0} style={{ flex: '1 1 16rem', overflowWrap: 'anywhere' }}>
        <Text fw={600} component="div">
          <OnWhat on={hold.on} standing={released === null} />
        </Text>
        <Text size="sm" c="dimmed">
          Placed <Moment at={placedAt} /> by {named(placedBy)}
          {reference !== null && (
            <>
              , for <Given>{reference}</Given>
            </>
          )}
        </Text>
        <Text size="sm" dir="auto" style={{ whiteSpace: 'pre-wrap' }}>
          {reason}
        </Text>
        {released && (
          <>
            <Text size="sm" c="dimmed">
              Released <Moment at={released.at} /> by {named(released.by)}
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

function OnWhat({ on, standing }: { readonly on: LegalHoldView['on']; readonly standing: boolean }) {
  if (on.kind === 'device') {
    return (
      <>
        A device of{' '}
        <PageLink to="/devices/$id" params={{ id: on.device }}>
          <Given>{on.user}</Given>
        </PageLink>
      </>
    );
  }
  return (
    <>
      All devices of{' '}
      <PageLink to="/people/$id" params={{ id: on.person }}>
        <Given>{on.user}</Given>
      </PageLink>
      {standing && (on.devices === 0 ? ': none yet' : `: ${on.devices.toLocaleString('en')} now, and later ones`)}
    </>
  );
}

function Release({ hold }: { readonly hold: LegalHoldView }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState('');
  const whom = hold.on.kind === 'device' ? `on a device of ${hold.on.user}` : `on ${hold.on.user}`;
  return (
    <>
      <Button size="xs" variant="default" aria-label={`Release the hold ${whom}`} onClick={open}>
        Release…
      </Button>
      <Confirm
        title="Release this legal hold?"
        opened={opened}
        close={close}
        verb="Release the hold"
        grave
        ready={reason.trim() !== ''}
        act={async () => {
          await call('POST', `/legal-holds/${hold.id}/release`, legalHoldView, { reason: reason.trim() });
          await client.invalidateQueries();
        }}
      >
        <Stack>
          <Text size="sm">
            Where no other hold stands, what is old enough is removed within the hour, and devices can be wiped again.
            That a hold was released stands in the public ledger, without names; it stays in the list here.
          </Text>
          <Textarea
            label="Why it need not stand any more"
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
