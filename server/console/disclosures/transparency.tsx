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
  const newest = useQuery(reportQuery({}));
  const chosen = useQuery({ ...reportQuery(period ?? {}), placeholderData: (previous) => previous });
  return (
    <QueryResult query={newest}>
      {(report) => (
        <Stack gap="xl">
          <Section title="Signed statement">
            <StatementState statement={report.statement} />
            <Statements />
          </Section>
          <Section title="Report of a period">
            <PeriodFields newest={report} choose={setPeriod} />
            <QueryResult query={chosen}>{(each) => <Report report={each} />}</QueryResult>
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

/** Fields of the period. `newest`: the report of the last 12 months that have ended. */
function PeriodFields({
  newest,
  choose,
}: {
  readonly newest: TransparencyReport;
  readonly choose: (period: Period) => void;
}) {
  const [from, setFrom] = useState(newest.from);
  const [to, setTo] = useState(newest.to);
  const month = { type: 'month', placeholder: 'such as 2026-01', max: newest.to };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (from !== '' && to !== '') choose({ from, to });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          {...month}
          label="First month (UTC)"
          value={from}
          onChange={({ currentTarget }) => setFrom(currentTarget.value)}
        />
        <TextInput
          {...month}
          label="Last month (UTC)"
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

function Report({ report: { to, disclosures, orders } }: { readonly report: TransparencyReport }) {
  const { received, answered, pending, refused, refusedByReason, months } = disclosures;
  return (
    <Stack>
      <Facts
        facts={[
          { label: 'Demands received', value: received.toLocaleString('en') },
          { label: 'Requests answered', value: answered.toLocaleString('en') },
          { label: `Requests pending at the end of ${to}`, value: pending.toLocaleString('en') },
          { label: 'Demands refused', value: refused.toLocaleString('en') },
          {
            label: 'Orders',
            value: `${orders.count.toLocaleString('en')}, ${orders.withheld.toLocaleString('en')} of them withheld from the public`,
          },
        ]}
      />
      <Months months={months} />
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

function Months({ months }: { readonly months: TransparencyReport['disclosures']['months'] }) {
  return (
    <>
      <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label="Requests by month">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Month (UTC)</Table.Th>
              <Table.Th ta="right">Received</Table.Th>
              <Table.Th ta="right">Answered</Table.Th>
              <Table.Th ta="right">Accounts</Table.Th>
              <Table.Th ta="right">Refused</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {months.toReversed().map(({ month, received, answered, accounts, refused }) => (
              <Table.Tr key={month}>
                <Table.Td>{month}</Table.Td>
                <Table.Td ta="right">{received.toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{answered.toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{accounts.toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{refused.toLocaleString('en')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="sm" c="dimmed">
        The report covers whole months that have ended. Accounts is the number of different accounts whose records were
        produced in the month. One account can be in several months.
      </Text>
    </>
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
