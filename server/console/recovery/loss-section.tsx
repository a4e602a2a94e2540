import { Alert, Paper, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { RecoveryView } from '../../../shared/api/recovery.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import { type Fact, Facts } from '../parts/facts.tsx';
import { PageLink } from '../parts/links.tsx';
import { Moment } from '../parts/words.tsx';

export type Restored = NonNullable<RecoveryView['recovery']>;

const REVOCATIONS: Readonly<Record<Exclude<Restored['revocations'], 'unknown'>, string>> = {
  ledger: 'the saved ledger',
  crl: 'the saved revocation list',
  both: 'the saved ledger and revocation list',
};

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export function LossSection({ recovery }: { readonly recovery: Restored }) {
  const { revocations, missing, missingApprovers } = recovery;
  return (
    <Stack>
      {revocations === 'unknown' && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="Revocations after the backup are lost">
          A device that was revoked after the recovery point can connect again. Revoke each of these devices on its
          page. If you do not know which devices they are, enroll all devices again.
        </Alert>
      )}
      {(missing.length > 0 || missingApprovers > 0) && (
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Signed documents missing">
          <Text size="sm">
            Only devices can return these documents. Keep the recovery open until the devices have connected.
          </Text>
          <ul>
            {missing.map(({ order, revision }) => (
              <li key={`${order} ${revision}`}>
                Revision {revision} of{' '}
                <PageLink to="/orders/$number" params={{ number: order }} c="inherit" underline="always">
                  order {order}
                </PageLink>
              </li>
            ))}
            {missingApprovers > 0 && <li>Approver set {missingApprovers}</li>}
          </ul>
        </Alert>
      )}
      <Paper withBorder p="md">
        <Facts facts={factsOf(recovery)} />
      </Paper>
    </Stack>
  );
}

function factsOf(recovery: Restored): Fact[] {
  const { recoveryPoint, restoredAt, from, to, revocations, revoked, withdrawn, recalled, conversations } = recovery;
  const { sessions, tokens, invitations, codes, commands, proposals } = withdrawn;
  return [
    {
      label: 'Recovery point',
      value: (
        <>
          {dateTime(recoveryPoint)} (<Moment at={recoveryPoint} />
          ). Later messages, alerts, evidence, accounts and roles are lost.
        </>
      ),
    },
    { label: 'Restored', value: dateTime(restoredAt) },
    {
      label: 'Version numbers',
      value: `Order list ${from.list} → ${to.list}, revocation list ${from.crl} → ${to.crl}`,
    },
    {
      label: 'Revocations',
      value:
        revocations === 'unknown'
          ? 'Lost. The server does not know which devices were revoked after the recovery point.'
          : `${counted(revoked, 'revocation')} reapplied from ${REVOCATIONS[revocations]}`,
    },
    {
      label: 'Canceled by the restore',
      value: [
        counted(sessions, 'session'),
        counted(tokens, 'API token'),
        counted(invitations, 'invitation'),
        counted(codes, 'activation code'),
        counted(commands, 'queued command'),
        counted(proposals, 'pending revision'),
      ].join(', '),
    },
    {
      label: 'Recovered from devices',
      value: `${counted(recalled.revisions, 'order revision')} and ${counted(recalled.approvers, 'approver set')}, from ${counted(recalled.newer, 'device')} of ${recalled.devices} that responded`,
    },
    { label: 'Conversations', value: conversationsText(conversations) },
  ];
}

/**
 * Describes the state of conversations after a restore from a backup. The server cannot decrypt conversations, so it does not know which
 * conversations continued after the backup.
 */
function conversationsText(conversations: number): string {
  if (conversations === 0) return 'The backup contains no conversation with an active member.';
  return `${counted(conversations, 'conversation')} may have continued after the recovery point. Members can still use them. If the server is behind, the devices switch to a successor conversation when a member joins or leaves. Conversations that began after the recovery point also get successors.`;
}
