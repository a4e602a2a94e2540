import { Button, Paper, Radio, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { type DeviceView, deviceView, type revocation } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { CommandKind } from '../../../../shared/protocol/command-kinds.ts';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { ButtonLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { REVOCATION_WORDS } from '../../words/devices.ts';
import { HOLD_STOPS } from '../../words/holds.ts';
import type { RecordActionKind } from '../../words/record-actions.ts';
import { withoutEffect } from '../workspace-words.ts';
import { Row } from './danger-row.tsx';
import classes from './device.module.css';
import { ResetPasscode } from './reset-passcode.tsx';

type Reason = NonNullable<z.input<typeof revocation>['reason']>;
const REASONS: readonly Reason[] = ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn', 'unspecified'];

export function DangerSection({
  device,
  command,
  act,
}: {
  readonly device: DeviceView;
  readonly command: (kind: CommandKind) => void;
  readonly act: (kind: RecordActionKind) => void;
}) {
  const may = useMay();
  const active = device.status === 'active';
  const { underLegalHold } = device;
  const wiped = withoutEffect('wipe-workspace', device);
  const missing = device.missingSince !== null;
  const rows = [
    active && may(missing ? 'devices.mark-found' : 'devices.mark-missing') && (
      <Row
        key="missing"
        title={missing ? 'Device found' : 'Device missing'}
        description={
          missing
            ? 'The console no longer shows the device as missing.'
            : 'Mark a lost or stolen device, so that other admins know. The device itself does not change.'
        }
        action={
          <Button variant="default" onClick={() => act(missing ? 'mark-found' : 'mark-missing')}>
            {missing ? 'Mark as found…' : 'Mark as missing…'}
          </Button>
        }
      />
    ),
    active && may('commands.issue') && may('commands.destroy') && (
      <Row
        key="wipe"
        title="Wipe workspace"
        description={underLegalHold ? HOLD_STOPS : (wiped ?? 'The device destroys its work files and stays enrolled.')}
        action={
          !underLegalHold &&
          wiped === null && (
            <Button color="red" variant="light" onClick={() => command('wipe-workspace')}>
              Wipe workspace…
            </Button>
          )
        }
      />
    ),
    active && device.passcode !== 'none' && may('commands.issue') && <ResetPasscode key="passcode" device={device} />,
    active && may('devices.revoke') && <Revoke key="revoke" device={device} />,
    active && may('commands.issue') && may('commands.destroy') && (
      <Row
        key="unenroll"
        title="Unenroll device"
        description={underLegalHold ? HOLD_STOPS : 'The device removes its enrollment when it receives the command.'}
        action={
          !underLegalHold && (
            <Button color="red" variant="light" onClick={() => command('unenroll')}>
              Unenroll device…
            </Button>
          )
        }
      />
    ),
    may('codes.create') && (!active || may('devices.revoke')) && (
      <Row
        key="enroll"
        title="Re-enroll device"
        description={
          underLegalHold
            ? 'A legal hold protects the current enrollment, so you cannot re-enroll the device. You can enroll a new device for the user.'
            : active
              ? 'Use this after the system of the device was reinstalled. The device keeps its ID and history. The server revokes its old certificates.'
              : 'The device returns to the fleet with its ID, its history and new certificates.'
        }
        action={
          !underLegalHold && (
            <ButtonLink to="/enroll" search={{ device: device.id }} variant="default">
              Create activation link
            </ButtonLink>
          )
        }
      />
    ),
    may('codes.create') && may('devices.update') && (!active || may('devices.revoke')) && !underLegalHold && (
      <Row
        key="reassign"
        title="Reassign device"
        description="Another person becomes the owner when the device enrolls again. Work data, messages and mail do not pass on."
        action={
          <ButtonLink to="/enroll" search={{ device: device.id }} variant="default">
            Choose person
          </ButtonLink>
        }
      />
    ),
    device.retiredAt === null && may('devices.retire') && (
      <Row
        key="retire"
        title="Retire device"
        description="The certificate ends. The record and the history stay for 400 days, and the server then deletes them."
        action={
          <Button color="red" variant="light" onClick={() => act('retire')}>
            Retire device…
          </Button>
        }
      />
    ),
  ].filter((row) => row !== false);
  if (rows.length === 0) return null;
  return (
    <Section title="Danger zone">
      <Paper withBorder p="md">
        <ul className={classes.list}>{rows}</ul>
      </Paper>
    </Section>
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
        title="Revoke device"
        description="The server revokes the certificates of the device and closes its connection at once, even if the device does not cooperate."
        action={
          <Button color="red" variant="light" onClick={open}>
            Revoke device…
          </Button>
        }
      />
      <Confirm
        title="Revoke device"
        opened={opened}
        close={close}
        verb="Revoke device"
        grave
        ready={reason !== null}
        act={revoke}
      >
        <Stack>
          <Text size="sm">
            The device of <UserText>{device.user}</UserText> loses access at once. Its pending commands are canceled.
            The public ledger records the revocation. You cannot undo the revocation. To return, the device must enroll
            again.
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
