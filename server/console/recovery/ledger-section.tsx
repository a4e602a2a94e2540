/**
 * Section about the public ledger after a restore: state of the ledger, checkpoints that devices sent, and continuation after a loss of
 * entries.
 */
import { Alert, Badge, Button, Group, Paper, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { RecoveryView } from '../../../shared/api/recovery.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { ShortList } from '../devices/device/short-list.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { Facts } from '../parts/facts.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import { ContinuationSection } from './continuation-section.tsx';
import type { Restored } from './loss-section.tsx';
import classes from './recovery.module.css';

type Evidence = NonNullable<RecoveryView['evidence']>;

const RESULTS = {
  contained: { color: 'green', word: 'Contained' },
  not_contained: { color: 'red', word: 'Not contained' },
  lost: { color: 'orange', word: 'Lost' },
  none: { color: 'gray', word: 'No checkpoint' },
  unreadable: { color: 'gray', word: 'Unreadable' },
} as const;

const number = (count: number): string => count.toLocaleString('en');
const entries = (count: number): string => `${number(count)} ${count === 1 ? 'entry' : 'entries'}`;

export function LedgerSection({ recovery, evidence }: { readonly recovery: Restored; readonly evidence: Evidence }) {
  return (
    <Stack>
      <State recovery={recovery} evidence={evidence} />
      <ContinuationSection rests={recovery.ledgerSuspended !== null && evidence.obstacle !== null} />
      <Paper withBorder p="md">
        <Facts
          facts={[
            { label: 'Ledger entries', value: number(evidence.size) },
            {
              label: 'Devices contacted',
              value: `${number(evidence.asked)} of ${number(evidence.active)} active devices, ${number(evidence.responded)} responded`,
            },
            ...(evidence.silent.length > 0
              ? [{ label: 'No response yet', value: <Silent devices={evidence.silent} /> }]
              : []),
            {
              label: 'Checkpoints received',
              value: `${number(evidence.checkpoints)}, of which ${number(evidence.notContained)} are not contained in the ledger`,
            },
            {
              label: 'Checkpoint with the most entries',
              value: evidence.largest ? (
                <>
                  {entries(evidence.largest.size)}, root <span className={classes.mono}>{evidence.largest.root}</span>
                </>
              ) : (
                'None'
              ),
            },
          ]}
        />
      </Paper>
      <CheckpointResponses responses={evidence.responses} />
    </Stack>
  );
}

function State({ recovery, evidence }: { readonly recovery: Restored; readonly evidence: Evidence }) {
  const may = useMay();
  const { ledgerSuspended, resumed, continued, ledger, rejoined } = recovery;
  if (ledgerSuspended === null) {
    return (
      <Alert color="green" icon={<IconCheck aria-hidden />} title="Ledger active">
        {continued
          ? `Approvers continued the ledger on ${dateTime(continued.at)} with ${entries(continued.size)} under the name ${continued.origin}. ${continued.largestReported === null ? 'The number of lost entries is unknown.' : `An earlier checkpoint had ${entries(continued.largestReported)}.`} ${evidence.lost === 0 ? '' : `Devices that have seen lost entries: ${number(evidence.lost)}.`}`
          : resumed
            ? `An admin resumed the ledger on ${dateTime(resumed.at)} with ${number(resumed.size)} entries. ${number(resumed.checkpoints)} of ${number(resumed.active)} active devices had sent a checkpoint${resumed.file ? ', and the admin had uploaded a saved checkpoint' : ''}. The checkpoint with the most entries had ${number(resumed.largestReported)} entries. A device with more entries raises an alert.`
            : ledger === 'rejoined'
              ? `The ledger continues the published ledger. The saved copy restored ${number(rejoined)} entries.`
              : 'The server signs checkpoints.'}
      </Alert>
    );
  }
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="Ledger suspended">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          The server signs no checkpoint, because {ledgerSuspended}. New entries are pending. Devices cannot verify new
          conversation partners.
        </Text>
        <Text size="sm">
          {evidence.obstacle ??
            'The ledger agrees with all received checkpoints. If the server published no entry after the backup, resume the ledger.'}
        </Text>
        <Text size="sm">
          If a newer copy of the ledger exists, stop the server and run “cordon restore” again with --ledger.
        </Text>
        {may('recovery.resume-ledger') && evidence.notContained === 0 && <Resume evidence={evidence} />}
      </Stack>
    </Alert>
  );
}

function Resume({ evidence }: { readonly evidence: Evidence }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [file, setFile] = useState<{ readonly name: string; readonly text: string } | null>(null);
  const { asked, active, responded, checkpoints, largest, size, obstacle } = evidence;
  const submit = async () => {
    await call('POST', '/recovery/ledger/resume', done, file ? { checkpoint: file.text } : {});
    await client.invalidateQueries();
  };
  const choose = async (file: File) => setFile({ name: file.name, text: await file.text() });
  return (
    <>
      <Button color="red" onClick={open}>
        Resume ledger…
      </Button>
      <Confirm
        title="Resume ledger"
        opened={opened}
        close={close}
        verb="Resume ledger"
        grave
        ready={obstacle === null || file !== null}
        act={submit}
      >
        <Text size="sm">
          The ledger continues with {entries(size)}. The server contacted {number(asked)} of {number(active)} active
          devices. {number(responded)} responded, {number(checkpoints)} of them with a checkpoint.{' '}
          {largest && ` The received checkpoint with the most entries has ${entries(largest.size)}.`}
        </Text>
        <Text size="sm">
          If the server published more entries after the backup, it now signs a second history that contradicts the
          first. Devices and auditors with a later checkpoint can prove this. The ledger records the resumption.
        </Text>
        <Group gap="sm">
          <UploadButton label="Saved checkpoint" size="xs" choose={(file) => void choose(file)}>
            Add saved checkpoint
          </UploadButton>
          <Text size="sm" c="dimmed">
            {file ? (
              <UserText>{file.name}</UserText>
            ) : (
              'Select the file “checkpoint” from a ledger copy, or a download of /ledger/checkpoint.'
            )}
          </Text>
        </Group>
      </Confirm>
    </>
  );
}

function Silent({ devices }: { readonly devices: readonly string[] }) {
  return (
    <ShortList items={devices} few={5} noun="devices">
      {(some) => (
        <Group gap="xs">
          {some.map((device) => (
            <DeviceLink key={device} id={device} />
          ))}
        </Group>
      )}
    </ShortList>
  );
}

function CheckpointResponses({ responses }: { readonly responses: Evidence['responses'] }) {
  if (responses.length === 0) {
    return <Text c="dimmed">No device has sent a checkpoint yet. Each device responds when it connects.</Text>;
  }
  return (
    <ShortList items={responses} few={8} noun="responses">
      {(some) => (
        <div className={classes.scroll}>
          <Table>
            <Table.Caption>Latest verified checkpoint of each device</Table.Caption>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Device</Table.Th>
                <Table.Th>Checkpoint</Table.Th>
                <Table.Th>Contained in the ledger</Table.Th>
                <Table.Th>Responded</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {some.map(({ device, at, size, result }) => (
                <Table.Tr key={device}>
                  <Table.Td>
                    <DeviceLink id={device} />
                  </Table.Td>
                  <Table.Td>{size === null ? '–' : entries(size)}</Table.Td>
                  <Table.Td>
                    <Badge color={RESULTS[result].color} variant="light">
                      {RESULTS[result].word}
                    </Badge>
                  </Table.Td>
                  <Table.Td>
                    <Moment at={at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </ShortList>
  );
}
