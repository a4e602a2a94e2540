/** The installation: whether it is well, what identifies it, what tells countries from addresses, and a backup. */
import { Alert, Badge, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { z } from 'zod';
import type { healthView } from '../../../shared/api/health.ts';
import type { Installation } from '../../../shared/api/installation.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer } from '../../../shared/look/states.tsx';
import { duration, relative } from '../../../shared/look/time-words.ts';
import { healthQuery, installationQuery } from '../client/queries.ts';
import { useNow, useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { Backup } from './backup.tsx';
import { DisputedPolicies } from './disputed-policies.tsx';
import { IpDatabases } from './ip-databases.tsx';
import { OwnAreas } from './own-areas.tsx';
import classes from './settings-page.module.css';

export function SettingsPage() {
  const installation = useQuery(installationQuery);
  const health = useQuery({ ...healthQuery, refetchInterval: 15_000 });
  const may = useMay();
  return (
    <Page title="Settings">
      <Stack gap="xl">
        <Section title="Health">
          <Answer query={health}>{(data) => <Health health={data} />}</Answer>
        </Section>
        <Section title="Certificates">
          <Answer query={installation}>{({ certificates }) => <Certificates certificates={certificates} />}</Answer>
        </Section>
        <Section title="Areas of your own">
          <OwnAreas />
        </Section>
        <Section title="Disputed ground">
          <DisputedPolicies />
        </Section>
        {may('ip-databases.list') && (
          <Section title="Countries by Internet address">
            <IpDatabases />
          </Section>
        )}
        <Section title="This installation">
          <Answer query={installation}>{(data) => <Facts installation={data} />}</Answer>
        </Section>
        {may('backup.create') && (
          <Section title="Backup">
            <Answer query={installation}>{({ backupRecipient }) => <Backup configured={backupRecipient} />}</Answer>
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
        <Alert color="red" title="The ledger does not take entries">
          Changes that must be in the ledger are refused until it does. Look whether the disk is full or the database is
          away; the server's log says which. It goes on by itself once that is mended.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Fact label="Server">
          <Badge color={status === 'ok' ? 'green' : 'red'}>{status === 'ok' ? 'Works' : 'Does not log'}</Badge>
        </Fact>
        <Fact label="Devices connected">{connected.toLocaleString('en')}</Fact>
        <Fact label="Order list">
          {list === null ? (
            'None yet: no approvers are adopted'
          ) : (
            <>
              Version {list.version}, signed anew before it expires {relative(list.expiresAt, now)}
            </>
          )}
        </Fact>
      </SimpleGrid>
    </Stack>
  );
}

const USES = {
  root: { name: 'Root', meaning: 'What devices trust. It can be kept offline.' },
  issuing: { name: 'Issuing authority', meaning: 'Signs the certificates of devices.' },
  server: { name: 'Server', meaning: 'What devices and visitors see. It is renewed by itself.' },
} as const;

/** Certificates run on real time, also where the server's clock is driven. */
function Certificates({ certificates }: { readonly certificates: Installation['certificates'] }) {
  const now = useNow(60_000);
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }} spacing="sm">
      {certificates.map(({ use, subject, serial, fingerprint, notBefore, notAfter }) => {
        const left = notAfter - now;
        const share = left / (notAfter - notBefore);
        const color = left <= 0 ? 'red' : share < 0.1 ? 'yellow' : 'green';
        return (
          <Paper key={use} withBorder p="md">
            <Group justify="space-between">
              <Text fw={600}>{USES[use].name}</Text>
              <Badge color={color}>{left > 0 ? `${duration(left)} left` : 'Expired'}</Badge>
            </Group>
            <Text size="sm" c="dimmed">
              {USES[use].meaning}
            </Text>
            <dl className={classes.facts}>
              <dt>Subject</dt>
              <dd>
                <Given>{subject}</Given>
              </dd>
              <dt>Serial</dt>
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
    ['Organisation', installation.organisation],
    ['Installation', installation.installation],
    ['Version', installation.version],
    ['Devices connect to', installation.deviceUrl],
    ['Anyone can read', installation.publicUrl],
    ['Evidence is checked by', installation.publicRoot?.fingerprint ?? 'nothing yet: no approvers are adopted'],
    ['Store', installation.store === 'sqlite' ? 'SQLite, one file' : 'PostgreSQL'],
    ['Whom a refused person can turn to', installation.appeal],
    ['An order warns beyond', `${installation.largeShare} % of the fleet`],
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
              <Given>{value}</Given>
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
