/** What ends something: the enrolment, the certificates, the workspace. And the way back. */
import { Button, Group, Paper, Radio, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { type DeviceView, deviceView, type revocation } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Given } from '../../../../shared/look/given.tsx';
import type { CommandKind } from '../../../../shared/protocol/frames.ts';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { ButtonLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { REVOCATION_WORDS } from '../../words/devices.ts';
import { HOLD_STOPS } from '../../words/holds.ts';
import classes from './device.module.css';

type Reason = NonNullable<z.input<typeof revocation>['reason']>;
const REASONS: readonly Reason[] = ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn', 'unspecified'];

export function DangerSection({
  device,
  command,
}: {
  readonly device: DeviceView;
  readonly command: (kind: CommandKind) => void;
}) {
  const may = useMay();
  const active = device.status === 'active';
  const { underHold } = device;
  const rows = [
    active && may('commands.issue') && may('commands.destroy') && (
      <Row
        key="wipe"
        what="Wipe the workspace"
        words={underHold ? HOLD_STOPS : 'Destroys the company files on the device. It stays in the fleet.'}
        action={
          !underHold && (
            <Button color="red" variant="light" onClick={() => command('wipe-workspace')}>
              Wipe…
            </Button>
          )
        }
      />
    ),
    active && may('devices.revoke') && <Revoke key="revoke" device={device} />,
    active && may('commands.issue') && may('commands.destroy') && (
      <Row
        key="unenrol"
        what="Unenrol"
        words={underHold ? HOLD_STOPS : 'The device itself leaves the fleet when it gets the command.'}
        action={
          !underHold && (
            <Button color="red" variant="light" onClick={() => command('unenrol')}>
              Unenrol…
            </Button>
          )
        }
      />
    ),
    may('codes.create') && (!active || may('devices.revoke')) && (
      <Row
        key="enrol"
        what="Enrol it anew"
        words={
          underHold
            ? 'A legal hold stands: what its present enrolment has is kept. Its user can have a new device.'
            : active
              ? 'For a device that was set up anew: it keeps its number and history here, and its old certificates end.'
              : 'Brings it back, with its number and history here, and with new certificates.'
        }
        action={
          !underHold && (
            <ButtonLink to="/enrol" search={{ device: device.id }} variant="default">
              Make a link
            </ButtonLink>
          )
        }
      />
    ),
  ].filter((row) => row !== false);
  if (rows.length === 0) return null;
  return (
    <Section title="End and begin anew">
      <Paper withBorder p="md">
        <ul className={classes.list}>{rows}</ul>
      </Paper>
    </Section>
  );
}

function Row({ what, words, action }: { readonly what: string; readonly words: string; readonly action: ReactNode }) {
  return (
    <li>
      <Group justify="space-between" gap="xs">
        <div>
          <Text size="sm" fw={600}>
            {what}
          </Text>
          <Text size="sm" c="dimmed">
            {words}
          </Text>
        </div>
        {action}
      </Group>
    </li>
  );
}

function Revoke({ device }: { readonly device: DeviceView }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState<Reason | null>(null);
  const revoke = async () => {
    await call('POST', `/devices/${device.id}/revoke`, deviceView, { reason });
    await client.invalidateQueries();
  };
  return (
    <>
      <Row
        what="Revoke"
        words="Ends its certificates and closes its connection at once, whether the device agrees or not."
        action={
          <Button color="red" variant="light" onClick={open}>
            Revoke…
          </Button>
        }
      />
      <Confirm
        title="Revoke the device"
        opened={opened}
        close={close}
        verb="Revoke the device"
        grave
        ready={reason !== null}
        act={revoke}
      >
        <Stack>
          <Text size="sm">
            The device of <Given>{device.user}</Given> is locked out at once. Commands that wait for it are cancelled.
            This stands in the public ledger, and cannot be undone: to come back, the device must enrol anew.
          </Text>
          <Radio.Group
            label="Reason"
            required
            value={reason}
            onChange={(value) => setReason(REASONS.find((one) => one === value) ?? null)}
          >
            <Stack gap={6} mt={4}>
              {REASONS.map((one) => (
                <Radio key={one} value={one} label={REVOCATION_WORDS[one]} />
              ))}
            </Stack>
          </Radio.Group>
        </Stack>
      </Confirm>
    </>
  );
}
