import { Alert, Badge, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { z } from 'zod';
import type { healthView } from '../../../shared/api/health.ts';
import type { Installation } from '../../../shared/api/installation.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { duration, relative } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { healthQuery, installationQuery } from '../client/queries.ts';
import { useNow, useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { Backup } from './backup.tsx';
import { IpDatabases } from './ip-databases.tsx';
import { OwnAreas } from './own-areas.tsx';
import classes from './settings-page.module.css';
import { TerritoryPolicies } from './territory-policies.tsx';
import { TimeCorrections } from './time-corrections.tsx';

export function SettingsPage() {
  const installation = useQuery(installationQuery);
  const may = useMay();
  const health = useQuery({ ...healthQuery, refetchInterval: 15_000, enabled: may('health.show') });
  return (
    <Page title="Settings">
      <Stack gap="xl">
        {may('health.show') && (
          <Section id="health" title="Health">
            <QueryResult query={health}>{(data) => <Health health={data} />}</QueryResult>
          </Section>
        )}
        <Section id="certificates" title="Certificates">
          <QueryResult query={installation}>
            {({ certificates }) => <Certificates certificates={certificates} />}
          </QueryResult>
        </Section>
        {may('areas.list') && (
          <Section title="Your own areas">
            <OwnAreas />
          </Section>
        )}
        {may('territory-policies.list') && (
          <Section title="Disputed territories">
            <TerritoryPolicies />
          </Section>
        )}
        {may('ip-databases.list') && (
          <Section id="ip-databases" title="IP databases">
            <IpDatabases />
          </Section>
        )}
        <Section title="Installation">
          <QueryResult query={installation}>{(data) => <Facts installation={data} />}</QueryResult>
        </Section>
        {may('time-corrections.list') && (
          <Section id="time-corrections" title="Time corrections">
            <TimeCorrections />
          </Section>
        )}
        {may('backup.create') && (
          <Section id="backup" title="Backup">
            <QueryResult query={installation}>
              {({ backupRecipient }) => <Backup configured={backupRecipient} />}
            </QueryResult>
          </Section>
        )}
        {may('roles.list') && (
          <Section title="Roles">
            <Text c="dimmed" maw={760}>
              Roles give rights to accounts. If no built-in role fits, owners create custom roles.
            </Text>
            <div>
              <ButtonLink to="/roles" variant="default">
                Show roles
              </ButtonLink>
            </div>
          </Section>
        )}
        {may('notification-rules.list') && (
          <Section title="Notifications">
            <Text c="dimmed" maw={760}>
              Rules send events that need attention by mail, to a webhook, to syslog or into a file.
            </Text>
            <div>
              <ButtonLink to="/notifications" variant="default">
                Show notifications
              </ButtonLink>
            </div>
          </Section>
        )}
        {may('recovery.show') && (
          <Section title="Recovery">
            <Text c="dimmed" maw={760}>
              After a restore from a backup, the server requests newer documents from devices. Devices that enrolled
              after the backup need readmission.
            </Text>
            <div>
              <ButtonLink to="/recovery" variant="default">
                Show recovery
              </ButtonLink>
            </div>
          </Section>
        )}
        {may('alerts.list') && (
          <Section title="Alerts">
            <Text c="dimmed" maw={760}>
              Alerts about the server, such as a failed backup or a credential reset, are in the list of alerts.
            </Text>
            <div>
              <ButtonLink to="/alerts" variant="default">
                Show alerts
              </ButtonLink>
            </div>
          </Section>
        )}
      </Stack>
    </Page>
  );
}

function Health({ health }: { readonly health: z.output<typeof healthView> }) {
  const now = useServerNow(5_000);
  const { status, connected, list } = health;
  return (
    <Stack gap="sm">
      {status === 'unavailable' && (
        <Alert color="red" title="Ledger unavailable">
          The ledger accepts no entries, so the server refuses most changes. The disk may be full, or the database may
          be unreachable. The server log has the reason. The server resumes automatically after you fix the cause.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Fact label="Server">
          <Badge color={status === 'ok' ? 'green' : 'red'}>{status === 'ok' ? 'Healthy' : 'Ledger unavailable'}</Badge>
        </Fact>
        {connected !== null && <Fact label="Connected devices">{connected.toLocaleString('en')}</Fact>}
        <Fact label="Order list">
          {list === null ? (
            'No order list. Adopt an approver set first.'
          ) : (
            <>
              Version {list.version}, expires {relative(list.expiresAt, now)}
            </>
          )}
        </Fact>
      </SimpleGrid>
    </Stack>
  );
}

const USES = {
  root: { name: 'Root CA', meaning: 'Devices trust this certificate authority. You can keep its key offline.' },
  issuing: { name: 'Issuing CA', meaning: 'This certificate authority signs the certificates of devices.' },
  server: {
    name: 'Server',
    meaning: 'The server presents this certificate to devices and browsers, and renews it automatically.',
  },
} as const;

/**
 * Shows the remaining validity of certificates by the browser's clock. The server clock is unsuitable, because a demo can advance the
 * server clock, but certificates expire in real time.
 */
function Certificates({ certificates }: { readonly certificates: Installation['certificates'] }) {
  const now = useNow(60_000);
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }} spacing="sm">
      {certificates.map(({ use, subject, serial, fingerprint, notBefore, notAfter }) => {
        const remaining = notAfter - now;
        const share = remaining / (notAfter - notBefore);
        const color = remaining <= 0 ? 'red' : share < 0.1 ? 'yellow' : 'green';
        return (
          <Paper key={use} withBorder p="md">
            <Group justify="space-between">
              <Text fw={600}>{USES[use].name}</Text>
              <Badge color={color}>{remaining > 0 ? `${duration(remaining)} left` : 'Expired'}</Badge>
            </Group>
            <Text size="sm" c="dimmed">
              {USES[use].meaning}
            </Text>
            <dl className={classes.facts}>
              <dt>Subject</dt>
              <dd>
                <UserText>{subject}</UserText>
              </dd>
              <dt>Serial number</dt>
              <dd className={classes.code}>{serial}</dd>
              <dt>SHA-256</dt>
              <dd className={classes.code}>{fingerprint}</dd>
              <dt>Valid until</dt>
              <dd>
                <Moment at={notAfter} now={now} />
              </dd>
            </dl>
          </Paper>
        );
      })}
    </SimpleGrid>
  );
}

function Facts({ installation }: { readonly installation: Installation }) {
  const rows: readonly (readonly [string, string])[] = [
    ['Organization', installation.organization],
    ['Installation', installation.installation],
    ['Version', installation.version],
    ['Device URL', installation.deviceUrl],
    ['Public URL', installation.publicUrl],
    [
      'Public keys for auditors (fingerprint of the public root)',
      installation.publicRoot?.fingerprint ?? 'None. Adopt an approver set first.',
    ],
    ['Store', installation.store === 'sqlite' ? 'SQLite, one file' : 'PostgreSQL'],
    ['Appeal contact', installation.appeal],
    ['Warning about large orders', `above ${installation.largeShare} % of the fleet`],
  ];
  return (
    <Table className={classes.table} variant="vertical" layout="fixed">
      <Table.Tbody>
        {rows.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row" w={{ base: 130, sm: 280 }}>
              {label}
            </Table.Th>
            <Table.Td className={classes.value}>
              <UserText>{value}</UserText>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="div">{children}</Text>
    </Paper>
  );
}
