/** Transparency report of a period, and the dated statement that two people sign. The public page shows both. */
import { Alert, Button, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { TransparencyReport } from '../../../shared/api/transparency.ts';
import { areaName, listed } from '../../../shared/areas/area-words.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { Facts } from '../parts/facts.tsx';
import { Section } from '../parts/page.tsx';
import { reportQuery } from './queries.ts';
import { ReasonTable } from './refusals.tsx';
import { Statements } from './statements.tsx';
import { utcTime } from './utc-time.ts';

type Period = { readonly from: string; readonly to: string };

export function Transparency() {
  const [period, setPeriod] = useState<Period | null>(null);
  const query = useQuery({ ...reportQuery(period ?? {}), placeholderData: (previous) => previous });
  return (
    <QueryResult query={query}>
      {(report) => (
        <Stack gap="xl">
          <Section title="Signed statement">
            <StatementState statement={report.statement} />
            <Statements />
          </Section>
          <Section title="Report of a period">
            <PeriodFields key={`${report.from} ${report.to}`} report={report} choose={setPeriod} />
            <Report report={report} />
          </Section>
          <Section title="Keys of the server">
            <Keys keys={report.keys} />
          </Section>
        </Stack>
      )}
    </QueryResult>
  );
}

function StatementState({ statement }: { readonly statement: TransparencyReport['statement'] }) {
  switch (statement.state) {
    case 'valid': {
      const { text, date, expires, signatures } = statement.statement;
      return (
        <Alert color="cordon" title={`Statement of ${utcTime(date)}`}>
          <Stack gap={4}>
            <Text size="sm">
              “<UserText>{text}</UserText>”
            </Text>
            <Text size="sm">
              Valid until {utcTime(expires)}. {signatures.length} signatures. Renew the statement before that time.
            </Text>
          </Stack>
        </Alert>
      );
    }
    case 'expired':
      return (
        <Alert color="red" title="The statement has expired" role="alert">
          The last statement expired on {utcTime(statement.since)}. The public page shows that the statement is absent.
          Propose a new statement, and let two people sign it.
        </Alert>
      );
    case 'none':
      return (
        <Alert color="yellow" title="No statement">
          Your organization has not signed a statement. The public page shows that it is absent. Propose the first
          statement, and let two people sign it.
        </Alert>
      );
  }
}

function PeriodFields({
  report,
  choose,
}: {
  readonly report: TransparencyReport;
  readonly choose: (period: Period) => void;
}) {
  const [from, setFrom] = useState(report.from);
  const [to, setTo] = useState(report.to);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (from !== '' && to !== '') choose({ from, to });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          type="date"
          label="First day (UTC)"
          value={from}
          onChange={({ currentTarget }) => setFrom(currentTarget.value)}
        />
        <TextInput
          type="date"
          label="Last day (UTC)"
          value={to}
          onChange={({ currentTarget }) => setTo(currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Show period
        </Button>
      </Group>
    </form>
  );
}

function Report({ report: { disclosures, orders } }: { readonly report: TransparencyReport }) {
  const { received, answered, accounts, pending, refused, refusedByReason } = disclosures;
  return (
    <Stack>
      <Facts
        facts={[
          { label: 'Demands received', value: received.toLocaleString('en') },
          { label: 'Requests answered', value: answered.toLocaleString('en') },
          { label: 'Accounts with a production', value: accounts.toLocaleString('en') },
          { label: 'Requests pending', value: pending.toLocaleString('en') },
          { label: 'Demands refused', value: refused.toLocaleString('en') },
          {
            label: 'Orders',
            value: `${orders.count.toLocaleString('en')}, ${orders.withheld.toLocaleString('en')} of them withheld from the public`,
          },
        ]}
      />
      {refused > 0 && <ReasonTable counts={refusedByReason} total={refused} />}
      {orders.suspended.length > 0 && (
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label="Days of suspended service">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Area</Table.Th>
                <Table.Th>Suspended services</Table.Th>
                <Table.Th ta="right">Days</Table.Th>
                <Table.Th ta="right">Orders</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {orders.suspended.map(({ area, services, days, orders: count }) => (
                <Table.Tr key={area}>
                  <Table.Td>{areaName(area)}</Table.Td>
                  <Table.Td>{listed(services)}</Table.Td>
                  <Table.Td ta="right">{days.toLocaleString('en')}</Table.Td>
                  <Table.Td ta="right">{count.toLocaleString('en')}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}

function Keys({ keys }: { readonly keys: TransparencyReport['keys'] }) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        The signed statement contains this list. None of these keys decrypts a message.
      </Text>
      <Facts facts={keys.map(({ use, opens }) => ({ label: use, value: opens }))} />
    </Stack>
  );
}
